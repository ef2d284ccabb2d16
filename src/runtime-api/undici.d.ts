// Importing undici's index doubles the load time, because it also loads fetch, WebSocket, caches and mocks.

declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}

declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici';
}

declare module 'undici/lib/core/diagnostics.js' {
  const diagnostics: {
    /** By their names in undici; `create` is `undici:request:create`. */
    channels: Record<
      string,
      {
        readonly hasSubscribers: boolean;
        publish(message: { readonly request: { readonly origin?: unknown } }): void;
      }
    >;
  };
  export default diagnostics;
}
