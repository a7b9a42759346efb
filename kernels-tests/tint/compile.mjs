// Compiles shaders and makes pipelines of them with Dawn, Chrome's WebGPU, on its null backend, which needs no GPU.
//
// Usage: node compile.mjs MODULES KERNELS
// MODULES is the folder of installed packages, KERNELS a file with a list of
//   { shader, source, subgroups, kernels: [{ entry, bindings: [[number, type]], constants: [{ NAME: value }] }] }.
// Prints { shaders, pipelines, errors: ["shader/entry: message"] }.

import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const [modules, list] = process.argv.slice(2);
const { create, globals } = await import(pathToFileURL(`${modules}/webgpu/index.js`));
Object.assign(globalThis, globals);

// A device asks for nothing beyond WebGPU's default limits, and for subgroups only where kernels are made of them.
const gpu = create(['backend=null']); // devices die with it
const open = async (requiredFeatures) => (await gpu.requestAdapter()).requestDevice({ requiredFeatures });
const [plain, withSubgroups] = [await open([]), await open(['subgroups'])];

const done = { shaders: 0, pipelines: 0, errors: [] };
for (const { shader, source, subgroups, kernels } of JSON.parse(await readFile(list, 'utf8'))) {
  const device = subgroups ? withSubgroups : plain;
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code: source });
  const { messages } = await module.getCompilationInfo();
  const refused = await device.popErrorScope();
  const said = messages.filter((message) => message.type === 'error');
  done.errors.push(...said.map((message) => `${shader}, line ${message.lineNum}: ${message.message}`));
  if (said.length === 0 && refused) done.errors.push(`${shader}: ${refused.message}`);
  done.shaders += 1;
  if (said.length > 0 || refused) continue;
  for (const { entry, bindings, constants } of kernels) {
    for (const values of constants) {
      const entries = bindings.map(([binding, type]) => ({ binding, visibility: 4, buffer: { type } }));
      device.pushErrorScope('validation');
      const layout = device.createBindGroupLayout({ entries });
      device.createComputePipeline({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: entry, constants: values },
      });
      const error = await device.popErrorScope();
      if (error) done.errors.push(`${shader}/${entry} ${JSON.stringify(values)}: ${error.message}`);
      done.pipelines += 1;
    }
  }
}
console.log(JSON.stringify(done));
process.exit(0);
