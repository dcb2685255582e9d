export function judgeRenames(): void {}
