export async function judgeCauses(_corpus: string): Promise<void> {}
