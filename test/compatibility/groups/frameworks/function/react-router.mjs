import { createRequestHandler } from '@react-router/architect';
import { hold } from './upstream.mjs';

/** What the build of a project exports: one resource route. */
const build = {
  entry: { module: { default: () => new Response('no page') } },
  routes: {
    order: {
      id: 'order',
      path: 'orders/:id',
      module: {
        action: async ({ params, request, context }) => {
          const sent = await request.json();
          await hold(params.id);
          return Response.json({ id: params.id, sent, requestId: params.id });
        },
      },
    },
  },
  assets: { entry: { imports: [], module: '' }, routes: {}, url: '', version: '1' },
  basename: '/',
  publicPath: '/',
  assetsBuildDirectory: 'build/client',
  future: {},
  ssr: true,
  isSpaMode: false,
  prerender: [],
  routeDiscovery: { mode: 'initial', manifestPath: '/__manifest' },
};

export const handler = createRequestHandler({ build, mode: 'production' });
