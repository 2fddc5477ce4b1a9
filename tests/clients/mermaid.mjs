// Draws diagrams with the real mermaid: a JSON text a line on stdin, a JSON answer a line on stdout.
import { createInterface } from "node:readline";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<body></body>", { url: "http://localhost/", pretendToBeVisual: true });
// A DOM without a screen measures nothing: all texts are of one size.
window.SVGElement.prototype.getBBox = () => ({ x: 0, y: 0, width: 10, height: 10 });
window.SVGElement.prototype.getComputedTextLength = () => 10;
for (const name of Object.getOwnPropertyNames(window)) if (!(name in globalThis)) globalThis[name] = window[name];

const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false, suppressErrorRendering: true });

async function draw(text) {
  const { svg } = await mermaid.render("drawing", text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const drawing = new window.DOMParser().parseFromString(svg, "text/html");
  const all = (where) => [...drawing.querySelectorAll(where)];
  const text_of = (node) => node.querySelector("foreignObject").textContent;
  return {
    type: (await mermaid.parse(text)).diagramType,
    title: all(".statediagramTitleText").map((node) => node.textContent).join(),
    states: Object.fromEntries(
      all("g.node").filter((node) => node.querySelector("foreignObject")).map((node) => [node.id, text_of(node)]),
    ),
    labels: all("g.edgeLabel").map(text_of).filter(Boolean),
    ties: db.getRelations().map(({ id1, id2 }) => [id1, id2]),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await draw(JSON.parse(line)).catch((error) => ({ error: String(error) }));
  console.log(JSON.stringify(answer));
}
