// Stand-in for Lambda's Node.js runtime: loads the code once and passes one event after another to its handler.
const { handler } = require(process.argv[2]);

process.on('message', ({ event, remainingMs, requestId }) => {
  const end = Date.now() + remainingMs;
  const context = { functionName: 'guard', awsRequestId: requestId, getRemainingTimeInMillis: () => end - Date.now() };
  (async () => handler(event, context))().then(
    () => process.send({ ended: 'returned' }),
    (error) => process.send({ ended: 'threw', error: String(error) }),
  );
});

process.send({ ended: 'started' });
