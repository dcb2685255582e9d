// What is stored of MATRIZ.

/** Whether the team wants analyses by MATRIZ, as SQL: yes, unless teams.features says `matriz_enabled: false`. */
export const matrizEnabled = (team: string): string =>
  `coalesce((SELECT t.features ->> 'matriz_enabled' FROM teams t WHERE t.id = ${team}), 'true') <> 'false'`;
