// A turn with a vendor's Node SDK: `node sdk_turns.mjs MODULES KIND PROMPT`. Prints the answer.
//
// The model may call one tool, which reads a file. No address is given: each SDK goes to its own provider.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, kind, prompt] = process.argv.slice(2);
const load = createRequire(modules + "/");
const schema = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
const tool = { name: "read_file", description: "Reads a file" };
const read = ({ path }) => readFileSync(path, "utf8");

async function anthropic() {
  const client = new (load("@anthropic-ai/sdk").Anthropic)();
  const tools = [{ ...tool, input_schema: schema }];
  const messages = [{ role: "user", content: prompt }];
  for (;;) {
    const asked = { model: "claude-sonnet-4-5", max_tokens: 999, messages, tools };
    const { content } = await client.messages.stream(asked).finalMessage();
    const calls = content.filter((block) => block.type === "tool_use");
    if (!calls.length) return content.map((block) => block.text).join("");
    const results = calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: read(call.input) }));
    messages.push({ role: "assistant", content }, { role: "user", content: results });
  }
}

async function openai() {
  const client = new (load("openai").OpenAI)();
  const tools = [{ type: "function", function: { ...tool, parameters: schema } }];
  const messages = [{ role: "user", content: prompt }];
  for (;;) {
    const { choices } = await client.chat.completions.create({ model: "gpt-5.1", messages, tools });
    const said = choices[0].message;
    if (!said.tool_calls?.length) return said.content;
    messages.push(said);
    for (const call of said.tool_calls) {
      const content = read(JSON.parse(call.function.arguments));
      messages.push({ role: "tool", tool_call_id: call.id, content });
    }
  }
}

async function openai_responses() {
  const client = new (load("openai").OpenAI)();
  const tools = [{ type: "function", strict: false, ...tool, parameters: schema }];
  const input = [{ role: "user", content: prompt }];
  for (;;) {
    const said = await client.responses.stream({ model: "gpt-5.1", input, tools }).finalResponse();
    const calls = said.output.filter((item) => item.type === "function_call");
    if (!calls.length) return said.output_text;
    for (const { parsed_arguments, ...item } of said.output) input.push(item);
    for (const call of calls) {
      const output = read(JSON.parse(call.arguments));
      input.push({ type: "function_call_output", call_id: call.call_id, output });
    }
  }
}

async function gemini() {
  const client = new (load("@google/genai").GoogleGenAI)({ apiKey: process.env.GEMINI_API_KEY });
  const config = { tools: [{ functionDeclarations: [{ ...tool, parametersJsonSchema: schema }] }] };
  const contents = [{ role: "user", parts: [{ text: prompt }] }];
  for (;;) {
    const said = await client.models.generateContent({ model: "gemini-2.5-flash", contents, config });
    const calls = said.functionCalls ?? [];
    if (!calls.length) return said.text;
    const answers = calls.map(({ id, name, args }) => ({ functionResponse: { id, name, response: { output: read(args) } } }));
    contents.push(said.candidates[0].content, { role: "user", parts: answers });
  }
}

console.log(await { anthropic, openai, openai_responses, gemini }[kind]());
