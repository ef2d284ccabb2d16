import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from '../../builtins.ts';
import type { Fault } from './faults.ts';
import { type HttpAnswer, bytesAnswer, type HttpExchange, sendAnswer } from '../http-exchange.ts';

/** Applies a fault to a request on arrival. `act` is the normal handling of the request. */
export function faultOnArrival(
  fault: Fault,
  exchange: HttpExchange,
  act: (exchange: HttpExchange) => void,
): void {
  const { req, res } = exchange;
  if (CLOSING.has(fault.type)) closing.add(req.socket);
  switch (fault.type) {
    case 'reset-before':
      return reset(req);
    case 'reset-during':
      return resetAtHalf(exchange, act);
    case 'reset-after':
      return act({ req, res, reply: () => reset(req) });
    case 'accept-early':
      return acceptEarly(exchange, act);
    case 'truncated-body':
      return act({ req, res, reply: (answer) => truncateBody(exchange, answer, (socket) => socket.end()) });
    case 'delay':
      return later(req.socket, fault.ms, () => act(exchange));
    default:
      req.resume();
      return faultInsteadOfAnswer(fault, exchange);
  }
}

/** Whether the connection is closed or a fault is closing it. Requests pipelined after that are ignored. */
export function isClosing(socket: Socket): boolean {
  return !socket.writable || closing.has(socket);
}

const closing = new WeakSet<Socket>();

const CLOSING: ReadonlySet<Fault['type']> = new Set([
  'refuse',
  'reset-before',
  'reset-during',
  'reset-after',
  'accept-early',
  'garbage',
  'truncated-body',
]);

/** Applies a fault to the delivery of an event. */
export function faultOnDelivery(fault: Fault, exchange: HttpExchange, event: HttpAnswer): void {
  switch (fault.type) {
    case 'reset-before':
    case 'reset-after':
      return reset(exchange.req);
    case 'reset-during':
      return truncateBody(exchange, event, (socket) => socket.resetAndDestroy());
    case 'truncated-body':
      return truncateBody(exchange, event, (socket) => socket.end());
    case 'accept-early':
      return exchange.reply(event);
    case 'delay':
      return later(exchange.req.socket, fault.ms, () => exchange.reply(event));
    default:
      return faultInsteadOfAnswer(fault, exchange);
  }
}

function faultInsteadOfAnswer(
  fault: Extract<Fault, { type: 'refuse' | 'status' | 'garbage' | 'hang' }>,
  { req, res }: HttpExchange,
): void {
  switch (fault.type) {
    case 'refuse':
      req.socket.end();
      return;
    case 'status':
      return sendAnswer(res, bytesAnswer(fault.status, fault.body ?? '', []));
    case 'garbage':
      req.socket.end('\0\x01\x02 this is not HTTP \r\n\r\n');
      return;
    case 'hang':
      return;
  }
}

function reset(req: IncomingMessage): void {
  req.socket.resetAndDestroy();
  // Also destroys the request, because a body that has already arrived must not be processed.
  req.destroy(new Error('Reset by a fault'));
}

function resetAtHalf(exchange: HttpExchange, act: (exchange: HttpExchange) => void): void {
  const { req } = exchange;
  const length = Number(req.headers['content-length'] ?? 0);
  if (length === 0 && req.headers['transfer-encoding'] === undefined) return reset(req);
  act(exchange);
  let receivedBytes = 0;
  req.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
    if (receivedBytes >= length / 2) reset(req);
  });
}

function acceptEarly({ req, res }: HttpExchange, act: (exchange: HttpExchange) => void): void {
  const reply = ({ status, body }: HttpAnswer): void => {
    const head = `HTTP/1.1 ${status} Accepted\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}`;
    // Closes only the sending side: closing a socket with unread bytes resets the connection, which discards the response.
    req.socket.end(`${head}\r\n\r\n${Buffer.from(body).toString()}`);
  };
  act({ req, res, reply });
  // Runs after the listeners that read the first chunk.
  req.once('data', () => req.emit('end'));
}

function truncateBody(
  { req, res }: HttpExchange,
  answer: HttpAnswer,
  thenClose: (socket: Socket) => void,
): void {
  const { socket } = req;
  const body = Buffer.from(answer.body);
  const close = (): void => thenClose(socket);
  if (body.length < 2) {
    socket.write(`HTTP/1.1 ${answer.status} OK\r\nContent-Type: appl`, close);
    return;
  }
  res.writeHead(answer.status, answer.headers);
  res.write(body.subarray(0, body.length >> 1), close);
}

function later(socket: Socket, ms: number, act: () => void): void {
  const timer = setTimeout(() => {
    socket.off('close', cancel);
    act();
  }, ms);
  const cancel = (): void => clearTimeout(timer);
  socket.once('close', cancel);
}
