// parse-server over HTTPS on a free port of loopback, which it prints. It runs until it is killed.
// Environment: DATABASE (a URL), CERT and KEY (PEM files), MODULES (where npm installed it).
const fs = require('node:fs');
const https = require('node:https');
const { createRequire } = require('node:module');

const { CERT, DATABASE, KEY, MODULES } = process.env;
const installed = createRequire(MODULES + '/');
const express = installed('express');
const { ParseServer } = installed('parse-server');

async function main() {
  const server = new ParseServer({
    appId: 'bench',
    masterKey: 'master',
    databaseURI: DATABASE,
    serverURL: 'https://localhost/parse',
    allowClientClassCreation: false,
    logLevel: 'error',
    silent: true,
    schema: {
      definitions: [
        {
          className: 'Place',
          fields: {
            name: { type: 'String' },
            timeZone: { type: 'String' },
            location: { type: 'GeoPoint' },
            radius: { type: 'Number' },
          },
        },
      ],
    },
  });
  await server.start();
  const app = express();
  app.use('/parse', server.app);
  const listener = https.createServer({ cert: fs.readFileSync(CERT), key: fs.readFileSync(KEY) }, app);
  listener.listen(0, '127.0.0.1', () => console.log(`port ${listener.address().port}`));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
