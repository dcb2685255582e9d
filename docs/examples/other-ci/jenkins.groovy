// Jenkinsfile. lukhas-database-url is a credential of the kind "Secret text".
pipeline {
    // Any agent with Python, git and Node 20.19 or later.
    agent any
    stages {
        stage('test') {
            steps {
                sh 'pip install -r requirements.txt'
                sh 'pytest --junitxml=results.xml'
            }
            post {
                // Runs when tests fail as well, and only here is the secret known.
                always {
                    catchError(buildResult: 'SUCCESS', stageResult: 'UNSTABLE', message: 'The run was not stored') {
                        withCredentials([string(credentialsId: 'lukhas-database-url', variable: 'DATABASE_URL')]) {
                            sh 'npx -y -p @lukhas/ingest lukhas-upload results.xml'
                        }
                    }
                }
            }
        }
    }
}
