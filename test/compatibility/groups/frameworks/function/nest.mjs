import 'reflect-metadata';
import { Body, Controller, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import serverlessExpress from '@codegenie/serverless-express';
import { hold } from './upstream.mjs';

class Orders {
  async create(id, sent) {
    await hold(id);
    return { id, sent, requestId: id };
  }
}
// What the decorators of TypeScript call.
Post(':id')(Orders.prototype, 'create', Object.getOwnPropertyDescriptor(Orders.prototype, 'create'));
Param('id')(Orders.prototype, 'create', 0);
Body()(Orders.prototype, 'create', 1);
Controller('orders')(Orders);
class App {}
Module({ controllers: [Orders] })(App);

const app = await NestFactory.create(App, { logger: ['error'] });
await app.init();
export const handler = serverlessExpress({ app: app.getHttpAdapter().getInstance() });
