// The package's index also loads fetch, WebSocket, caches and mocks, which doubles the time that the import takes.

declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}

declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici';
}
