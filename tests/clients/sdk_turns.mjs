// A turn with a vendor's Node SDK: `node sdk_turns.mjs MODULES KIND PROMPT [WAY [IMAGE]]`. Prints what was thought, and
// the answer.
//
// The model may call one tool, which reads a file. No address is given: each SDK goes to its own provider, or where its
// environment leads it. WAY is `streamed` or `whole`, IMAGE a PNG file that is shown with the prompt.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, kind, prompt, way, image] = process.argv.slice(2);
const load = createRequire(modules + "/");
const schema = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
const tool = { name: "read_file", description: "Reads a file" };
const read = ({ path }) => readFileSync(path, "utf8");
const png = image && readFileSync(image).toString("base64");
const url = `data:image/png;base64,${png}`;
const shown = (part, text) => (png ? [part, text] : [text]);
const thoughts = [];

async function anthropic() {
  const client = new (load("@anthropic-ai/sdk").Anthropic)();
  const tools = [{ ...tool, input_schema: schema }];
  const picture = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
  const messages = [{ role: "user", content: shown(picture, { type: "text", text: prompt }) }];
  for (;;) {
    const asked = { model: "claude-sonnet-4-5", max_tokens: 999, messages, tools };
    const whole = way === "whole" ? client.messages.create(asked) : client.messages.stream(asked).finalMessage();
    const { content } = await whole;
    const blocks = (type) => content.filter((block) => block.type === type);
    thoughts.push(...blocks("thinking").map((block) => block.thinking));
    if (!blocks("tool_use").length) return blocks("text").map((block) => block.text).join("");
    const results = blocks("tool_use").map(({ id, input }) => ({ type: "tool_result", tool_use_id: id, content: read(input) }));
    messages.push({ role: "assistant", content }, { role: "user", content: results });
  }
}

async function openai() {
  const { completions } = new (load("openai").OpenAI)().chat;
  const tools = [{ type: "function", function: { ...tool, parameters: schema } }];
  const picture = { type: "image_url", image_url: { url } };
  const messages = [{ role: "user", content: shown(picture, { type: "text", text: prompt }) }];
  for (;;) {
    const asked = { model: "gpt-5.1", messages, tools };
    // The SDK keeps the last piece only of a member that it does not know.
    const hear = ({ choices }) => thoughts.push(choices[0]?.delta.reasoning_content ?? "");
    const stream = () => completions.stream(asked).on("chunk", hear).finalChatCompletion();
    const said = (await (way === "streamed" ? stream() : completions.create(asked))).choices[0].message;
    if (way !== "streamed") thoughts.push(said.reasoning_content ?? "");
    if (!said.tool_calls?.length) return said.content;
    messages.push(said);
    for (const call of said.tool_calls) {
      const content = read(JSON.parse(call.function.arguments));
      messages.push({ role: "tool", tool_call_id: call.id, content });
    }
  }
}

async function openai_responses() {
  const { responses } = new (load("openai").OpenAI)();
  const tools = [{ type: "function", strict: false, ...tool, parameters: schema }];
  const picture = { type: "input_image", image_url: url, detail: "auto" };
  const input = [{ role: "user", content: shown(picture, { type: "input_text", text: prompt }) }];
  for (;;) {
    const asked = { model: "gpt-5.1", input, tools };
    const said = await (way === "whole" ? responses.create(asked) : responses.stream(asked).finalResponse());
    const items = (type) => said.output.filter((item) => item.type === type);
    thoughts.push(...items("reasoning").flatMap((item) => item.summary.map((part) => part.text)));
    if (!items("function_call").length) return said.output_text;
    for (const { parsed_arguments, ...item } of said.output) input.push(item);
    for (const call of items("function_call")) {
      const output = read(JSON.parse(call.arguments));
      input.push({ type: "function_call_output", call_id: call.call_id, output });
    }
  }
}

async function gemini() {
  const { models } = new (load("@google/genai").GoogleGenAI)({ apiKey: process.env.GEMINI_API_KEY });
  const config = { tools: [{ functionDeclarations: [{ ...tool, parametersJsonSchema: schema }] }] };
  const picture = { inlineData: { mimeType: "image/png", data: png } };
  const contents = [{ role: "user", parts: shown(picture, { text: prompt }) }];
  for (;;) {
    const asked = { model: "gemini-2.5-flash", contents, config };
    const chunks = [];
    if (way === "streamed") for await (const chunk of await models.generateContentStream(asked)) chunks.push(chunk);
    else chunks.push(await models.generateContent(asked));
    const parts = chunks.flatMap((chunk) => chunk.candidates[0].content.parts);
    thoughts.push(...parts.filter((part) => part.thought).map((part) => part.text));
    const calls = parts.filter((part) => part.functionCall).map((part) => part.functionCall);
    if (!calls.length) return parts.filter((part) => !part.thought).map((part) => part.text).join("");
    const answers = calls.map(({ id, name, args }) => ({ functionResponse: { id, name, response: { output: read(args) } } }));
    contents.push({ role: "model", parts }, { role: "user", parts: answers });
  }
}

const said = await { anthropic, openai, openai_responses, gemini }[kind]();
console.log([thoughts.join(""), said].join("\n"));
