/** Waits until everything written to the standard streams has left the process; one that was closed loses it. */
export async function finishOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(finished));
}

function finished(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    else stream.write("", () => resolve());
  });
}
