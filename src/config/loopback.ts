/** Whether an address is one that no other machine can reach. */
export function isLoopback(host: string): boolean {
  return /^(localhost|::1|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.test(host);
}
