// Prio3SumVec from @divviup/prio3: shard, verify, aggregate. Vectors as JSON on standard input, a report on standard
// output. All parties run in this process; what each of them computes is timed, what it would send is encoded.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Prio3SumVec } from "@divviup/prio3";

const vectors = JSON.parse(readFileSync(0, "utf8"));
const length = vectors[0].length;
// Proofs are shortest with chunks of about the square root of the length.
const chunkLength = Math.max(1, Math.round(Math.sqrt(length)));
const prio3 = new Prio3SumVec({ shares: 2, length, bits: 1, chunkLength });
const verifyKey = randomBytes(prio3.verifyKeySize);
const [LEADER, HELPER] = [0, 1];

const cpu = { contributor: [], clerk: [], developer: [] };
const bytes = { contributor: [0, 0], clerk: [0, 0], developer: [0, 0] };

async function working(role, task) {
  const began = process.cpuUsage();
  const result = await task();
  const { user, system } = process.cpuUsage(began);
  cpu[role].push((user + system) / 1000);
  return result;
}

function send(from, to, ...messages) {
  const size = messages.reduce((sum, message) => sum + message.length, 0);
  if (from) bytes[from][0] += size;
  if (to) bytes[to][1] += size;
}

const outputs = [[], []];
for (const vector of vectors) {
  const nonce = randomBytes(prio3.nonceSize);
  const { report, encoded } = await working("contributor", async () => {
    const report = await prio3.shard(vector, nonce, randomBytes(prio3.randSize));
    const encoded = [prio3.encodePublicShare(report.publicShare), ...report.inputShares.map((s) => prio3.encodeInputShare(s))];
    return { report, encoded };
  });
  const [publicShare, ...inputShares] = encoded;
  send("contributor", null, nonce, publicShare, ...inputShares);
  for (const share of inputShares) send(null, "clerk", nonce, publicShare, share);

  const prepared = [];
  for (const id of [LEADER, HELPER])
    prepared.push(
      await working("clerk", () => prio3.prepareInit(verifyKey, id, null, nonce, report.publicShare, report.inputShares[id])),
    );
  // As DAP does it: the leader sends its share of the check, the helper answers with the verdict.
  send("clerk", "clerk", prio3.encodePreparationShare(prepared[LEADER].preparationShare));
  const verdict = await working("clerk", () => prio3.unshardPreparationShares(null, prepared.map((p) => p.preparationShare)));
  send("clerk", "clerk", prio3.encodePreparationMessage(verdict));
  for (const id of [LEADER, HELPER])
    await working("clerk", async () => outputs[id].push(prio3.prepareNext(prepared[id].preparationState, verdict).outputShare));
}

const shares = [];
for (const id of [LEADER, HELPER]) shares.push(await working("clerk", async () => prio3.aggregate(null, outputs[id])));
send("clerk", "developer", ...shares.map((share) => prio3.encodeAggregatorShare(share)));
const sums = await working("developer", async () => prio3.unshard(null, shares, vectors.length));

console.log(JSON.stringify({ sums: sums.map(Number), bytes, cpu }));
