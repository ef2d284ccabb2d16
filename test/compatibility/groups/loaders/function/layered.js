const { name } = require('layered');
const { name: name24 } = require('layered24');

exports.handler = async (event) => ({ size: name + name24, n: event.n * 2 });
