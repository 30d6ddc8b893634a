// What the page does for the program: files, storage, work in slices, the link. The program calls it by the name
// convstepHost; the page's script calls start(wasm, glue, assets).
"use strict";
globalThis.convstepHost = (() => {
  const DATABASE = "convstep", STORES = ["files", "own", "sessions"];
  // The largest files that are kept for the next visit.
  const KEPT = 64 << 20;
  let exports, assets = {}, runWork;

  // ---- storage: IndexedDB; where there is none, nothing is kept
  let opened;
  const database = () => opened ??= new Promise((done, fail) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => STORES.forEach(store => request.result.createObjectStore(store));
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
    request.onblocked = () => fail(new Error("the storage is in use"));
  });
  const ask = async (store, mode, what) => {
    const base = await database();
    return new Promise((done, fail) => {
      const transaction = base.transaction(store, mode);
      const request = what(transaction.objectStore(store));
      transaction.oncomplete = () => done(request.result);
      transaction.onerror = transaction.onabort = () => fail(transaction.error);
    });
  };
  const get = (store, key) => ask(store, "readonly", s => s.get(key));
  const keys = store => ask(store, "readonly", s => s.getAllKeys());
  const remove = (store, key) => ask(store, "readwrite", s => s.delete(key));
  const put = async (store, key, bytes) => {
    if (bytes.length <= KEPT) await ask(store, "readwrite", s => s.put(bytes.slice(), key));
  };

  // ---- sessions: one for each tab; that of a tab that is gone is offered to the others
  const own = (() => {
    try { return sessionStorage.convstep ??= crypto.getRandomValues(new Uint32Array(2)).join("-"); }
    catch { return "only"; }
  })();
  const lock = "convstep-tab-" + own;
  if (navigator.locks) navigator.locks.request(lock, () => new Promise(() => {})).catch(() => {});
  let restored = null;
  const left = async () => {
    const all = await keys("sessions");
    const held = navigator.locks ? (await navigator.locks.query()).held.map(each => each.name) : null;
    const isGone = key => key === own || (held && !held.includes("convstep-tab-" + key));
    const found = [];
    for (const key of all.filter(isGone)) if (key !== restored) found.push([key, await get("sessions", key)]);
    // That of this tab comes first: the page was loaded again.
    return found.sort((a, b) => (b[0] === own) - (a[0] === own) || b[1].time - a[1].time);
  };
  const age = found => found.length ? Math.max(0, Date.now() - found[0][1].time) / 1000 : -1;
  let hadOwn = false;
  const begin = async () => {
    const found = await left();
    hadOwn = found.length > 0 && found[0][0] === own;
    return age(found);
  };
  const restore = async () => {
    const found = await left();
    if (!found.length) return undefined;
    restored = found[0][0];
    return found[0][1].bytes;
  };
  const discard = async () => {
    const found = await left();
    if (found.length) await remove("sessions", found[0][0]);
    return age(found.slice(1));
  };
  const removeRestored = () => {
    if (restored && restored !== own) remove("sessions", restored).catch(() => {});
    restored = null;
  };
  const keep = bytes =>
    ask("sessions", "readwrite", s => s.put({ time: Date.now(), bytes: bytes.slice() }, own)).then(() => true);

  // ---- files
  const read = async (files, name) => {
    const all = [];
    for (const file of files) all.push([name(file), new Uint8Array(await file.arrayBuffer())]);
    return all;
  };
  const pick = folder => new Promise((done, fail) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.webkitdirectory = folder;
    input.oncancel = () => done([]);
    input.onchange = () => read(input.files, file => file.webkitRelativePath || file.name).then(done, fail);
    input.style.display = "none";
    document.body.append(input);
    input.click();
    setTimeout(() => input.remove(), 600000);
  });
  const save = (name, bytes) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes]));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };
  const takeFiles = async (event, files) => {
    if (!files || !files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const name = file => event.type === "paste" ? "clipboard" + (file.name.match(/\.\w+$/)?.[0] ?? ".png") : file.name;
    exports.convstep_files(await read([...files], name));
  };
  const listen = () => {
    const early = { capture: true };
    addEventListener("drop", event => takeFiles(event, event.dataTransfer?.files), early);
    addEventListener("dragover", event => event.preventDefault(), early);
    addEventListener("paste", event => takeFiles(event, event.clipboardData?.files), early);
    addEventListener("hashchange", () => exports.convstep_link(location.hash));
    document.addEventListener("visibilitychange", () => { if (document.hidden) exports.convstep_hidden(); });
  };

  // ---- work: in slices, one message each, so that frames and input come in between
  const channel = new MessageChannel(), waiting = [];
  channel.port1.onmessage = () => waiting.shift()?.();
  const later = what => { waiting.push(what); channel.port2.postMessage(0); };
  // Each suspendable call has its own part of the program's memory for its stack; `pointer` says where it is.
  let current = null, pointer = null;
  const stacks = [];
  const startWork = id => later(() => {
    if (!runWork) {
      const slice = () => { if (exports.convstep_slice(id)) later(slice); };
      return slice();
    }
    const top = stacks.pop() ?? exports.convstep_stack(), outside = pointer.value;
    pointer.value = top;
    current = { outside };
    const ended = runWork(id);
    pointer.value = outside;
    ended.then(() => { pointer.value = current.outside; stacks.push(top); current = null; });
  });
  const suspend = () => {
    const mine = current, place = pointer.value;
    pointer.value = mine.outside;
    current = null;
    return new Promise(go => later(() => {
      mine.outside = pointer.value;
      pointer.value = place;
      current = mine;
      go();
    }));
  };

  // ---- start
  const canSuspend = () => !!runWork;
  const wrap = imports => {
    if (!WebAssembly.Suspending || !WebAssembly.promising) return;
    for (const module of Object.values(imports))
      for (const [name, value] of Object.entries(module))
        if (/^__wbg_suspend_/.test(name)) module[name] = new WebAssembly.Suspending(value);
  };
  const start = async (module, glue, parts) => {
    assets = parts;
    // The glue makes the imports and keeps the instance to itself.
    const instantiate = WebAssembly.instantiate;
    let instance;
    WebAssembly.instantiate = async (module, imports) => {
      wrap(imports);
      return instance = await instantiate.call(WebAssembly, module, imports);
    };
    exports = glue;
    try { await glue.default({ module_or_path: module }); } finally { WebAssembly.instantiate = instantiate; }
    const raw = instance.instance?.exports ?? instance.exports;
    pointer = raw.__stack_pointer;
    if (pointer && WebAssembly.Suspending && WebAssembly.promising)
      runWork = WebAssembly.promising(raw.convstep_work);
    listen();
    await glue.convstep_start();
  };

  return {
    get, put, keys, begin, restore, discard, removeRestored, keep, pick, save, startWork, suspend, canSuspend, start,
    hadOwn: () => hadOwn,
    asset: name => typeof assets[name] === "function" ? assets[name] = assets[name]() : assets[name],
    link: () => location.hash,
    setLink: fragment => {
      if (location.hash !== fragment) history.replaceState(null, "", fragment || location.pathname + location.search);
    },
    setTitle: title => { document.title = title; },
    language: () => navigator.language || "",
    flag: name => new URLSearchParams(location.search).has(name),
  };
})();
