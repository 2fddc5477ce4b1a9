// Judges HARs with the real har-validator: the path of a file a line on stdin, a JSON list of complaints on stdout.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import validate from "har-validator";

async function judge(path) {
  const { log } = await validate.har(JSON.parse(readFileSync(path)));
  for (const entry of log.entries) await validate.entry(entry);
  return [];
}

for await (const path of createInterface({ input: process.stdin })) {
  const complaints = await judge(path).catch((error) => error.errors?.map((each) => `${each.dataPath} ${each.message}`) ?? [String(error)]);
  console.log(JSON.stringify(complaints));
}
