/** The option whose module is at fault. */
export type SharingOption = 'services' | 'sharedData';

/** What a module shares with the threads could not be made ready. Its name is what Lambda sees as `errorType`. */
export class SharingError extends Error {
  constructor(option: SharingOption, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = option === 'services' ? 'Runtime.ServicesError' : 'Runtime.SharedDataError';
  }
}
