// Runs the bundled handler as Lambda does: one request at a time, in a process that the parent freezes and kills.
process.on('message', async ({ bundle, event, remainingMs }) => {
  const death = Date.now() + remainingMs;
  try {
    await require(bundle).handler(event, { getRemainingTimeInMillis: () => death - Date.now() });
    process.send({ ended: 'well' });
  } catch (error) {
    process.send({ ended: String(error) });
  }
});

process.send({ started: true });
