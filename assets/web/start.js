// Loads the program from the files beside the page.
import * as glue from "./convstep.js";
const said = document.getElementById("said");
// Parts that are not needed at once; they are fetched after the first frame, or when they are asked for.
const PARTS = [], parts = {};
const fetched = name => {
  const request = new XMLHttpRequest();
  request.open("GET", name, false);
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  return request.status === 200 ? Uint8Array.from(request.responseText, letter => letter.charCodeAt(0)) : undefined;
};
for (const name of PARTS) parts[name] = () => fetched(name);
try {
  const answer = await fetch("convstep.wasm");
  if (!answer.ok) throw new Error(`convstep.wasm: ${answer.status}`);
  const bytes = answer.headers.get("content-type") === "application/wasm" ? null : await answer.arrayBuffer();
  const module = bytes ? await WebAssembly.compile(bytes) : await WebAssembly.compileStreaming(answer);
  await convstepHost.start(module, glue, parts);
  said.remove();
  for (const name of PARTS)
    fetch(name).then(answer => answer.ok ? answer.arrayBuffer() : Promise.reject()).then(bytes => {
      if (typeof parts[name] === "function") parts[name] = new Uint8Array(bytes);
      glue.convstep_part(name);
    }).catch(() => {});
} catch (error) {
  said.textContent = `convstep: ${error.message ?? error}`;
  throw error;
}
