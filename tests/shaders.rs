//! The shaders without a GPU: the catalogue against the files, reflection against the Rust declarations,
//! translation for every backend, WebGPU's default limits, and programs on wgpu's noop device.

mod tint;

use naga::{
    AddressSpace, Module, StorageAccess, TypeInner,
    back::pipeline_constants::process_overrides,
    valid::{Capabilities, ModuleInfo, ValidationFlags, Validator},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
};
use strata::{
    gpu::{Access, Choice, Gpu, Kernel, Parameters, Shader, StepValues, Table, peak},
    host::{ImageDims, Window},
    nn::{BuildOptions, Input, Net, zoo},
    ops::{
        Device, Element, Executor, Program, Role, TensorShape, avg_pool, batch_norm, catalogue, conv2d, dense, lrn,
        max_pool, program::Entry,
    },
};

/// Whether a shader multiplies matrices, which only a device that was opened for it does.
fn is_of_matrices(shader: &Shader) -> bool {
    shader.modules.iter().any(|module| module.name == "product/tile_matrices")
}

/// The kernels for adapters that run on a processor are taken only where subgroups are, those of products of matrices
/// where there are `f16` and matrices, too; all others need nothing.
fn capabilities(shader: &Shader) -> Capabilities {
    match &*shader.name {
        name if name.ends_with("_lanes") => Capabilities::SUBGROUP,
        _ if is_of_matrices(shader) => {
            Capabilities::SUBGROUP
                | Capabilities::SHADER_FLOAT16
                | Capabilities::SHADER_FLOAT16_IN_FLOAT32
                | Capabilities::COOPERATIVE_MATRIX
        }
        _ => Capabilities::empty(),
    }
}

fn parsed(shader: &Shader) -> (Module, ModuleInfo) {
    let source = shader.source();
    let module = naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|e| panic!("{}: {}", shader.name, e.emit_to_string(&source)));
    let info = Validator::new(ValidationFlags::all(), capabilities(shader)).validate(&module);
    let info = info.unwrap_or_else(|e| panic!("{}: {}", shader.name, e.emit_to_string(&source)));
    (module, info)
}

/// Every shader once, with its kernels: those of the operations and the probes.
fn shaders() -> BTreeMap<&'static str, Vec<&'static Kernel>> {
    let mut shaders = BTreeMap::<_, Vec<_>>::new();
    let probes = [&peak::MULTIPLY_ADD, &peak::MOVE_ONCE];
    let kernels = catalogue().chain(probes);
    kernels.for_each(|kernel| shaders.entry(&*kernel.shader.name).or_default().push(kernel));
    shaders
}

fn stems(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == "wgsl"));
    files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_shader_belongs_to_an_operation_and_every_module_to_a_shader() {
    let catalogued: BTreeSet<String> = catalogue().map(|kernel| kernel.shader.stem.to_string()).collect();
    let named = |folder: &str| -> BTreeSet<String> {
        let modules = catalogue().flat_map(|kernel| kernel.shader.modules.iter());
        let within = modules.filter_map(|module| match module.name.rsplit_once('/') {
            Some((of, name)) => (of == folder).then_some(name),
            None => folder.is_empty().then_some(module.name),
        });
        within.map(String::from).collect()
    };
    for (folder, files) in [("", "shaders"), ("shared", "shaders/shared"), ("product", "shaders/product")] {
        assert_eq!(stems(files), named(folder), "{files}/*.wgsl against the shaders that name them");
    }
    // What is no file of its own is composed of the modules of products.
    let own: BTreeSet<String> = stems("shaders").into_iter().chain(["conv2d".into(), "dense".into()]).collect();
    assert_eq!(own, catalogued, "shaders/*.wgsl against ops::catalogue");
    for stem in catalogued {
        for folder in ["src/ops", "src/cpu", "src/ops/check", "kernels-tests"] {
            let file = format!("{folder}/{stem}.rs");
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file).exists(), "{stem}: no {file}");
        }
    }
}

#[test]
fn entry_points_equal_the_declared_ones() {
    for (name, kernels) in shaders() {
        let (module, _) = parsed(kernels[0].shader);
        let written: BTreeSet<_> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
        let declared: BTreeSet<_> = kernels.iter().map(|kernel| kernel.entry).collect();
        assert_eq!(written, declared, "{name}");
    }
}

/// Fails where a uniform struct and its Rust twin differ in name, fields, types, offsets or size.
fn same_struct(what: &str, module: &Module, ty: naga::Handle<naga::Type>, table: &Table) {
    let ty = &module.types[ty];
    assert_eq!(ty.name.as_deref(), Some(table.name), "{what}: the struct's name");
    let TypeInner::Struct { members, span } = &ty.inner else { panic!("{what}: {} is no struct", table.name) };
    assert_eq!(*span as usize, table.size, "{what}: the size of {}", table.name);
    let written: Vec<_> = members
        .iter()
        .map(|member| {
            let kind = match module.types[member.ty].inner {
                TypeInner::Scalar(naga::Scalar::U32) => "u32",
                TypeInner::Scalar(naga::Scalar::I32) => "i32",
                TypeInner::Scalar(naga::Scalar::F32) => "f32",
                _ => "another type",
            };
            (member.name.clone().unwrap_or_default(), kind, member.offset as usize)
        })
        .collect();
    let declared: Vec<_> = table.fields.iter().map(|f| (f.name.to_string(), f.kind, f.offset)).collect();
    assert_eq!(written, declared, "{what}: the fields of {}", table.name);
}

#[test]
fn bindings_and_parameter_structs_equal_the_declared_ones() {
    for kernel in catalogue() {
        let what = format!("{}/{}", kernel.shader.name, kernel.entry);
        let (module, info) = parsed(kernel.shader);
        let index = module.entry_points.iter().position(|entry| entry.name == kernel.entry).unwrap();
        let used = info.get_entry_point(index);
        let mut written = BTreeMap::new();
        for (handle, global) in module.global_variables.iter() {
            let Some(binding) = &global.binding else { continue };
            if used[handle].is_empty() {
                continue;
            }
            assert_eq!(binding.group, 0, "{what}");
            let kind = match global.space {
                AddressSpace::Uniform => "uniform",
                AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => "written",
                AddressSpace::Storage { .. } => "read",
                _ => "another space",
            };
            written.insert(binding.binding, kind);
            let declared = kernel.bindings.iter().find(|(number, _)| *number == binding.binding);
            match declared.map(|(_, access)| access) {
                Some(Access::Uniform) => same_struct(&what, &module, global.ty, &kernel.parameters),
                Some(Access::Step) => same_struct(&what, &module, global.ty, &StepValues::TABLE),
                _ => {}
            }
        }
        let declared = kernel.bindings.iter().map(|&(number, access)| {
            let kind = match access {
                Access::Uniform | Access::Step => "uniform",
                Access::Read => "read",
                Access::Write | Access::ReadWrite => "written",
            };
            (number, kind)
        });
        assert_eq!(written, declared.collect(), "{what}");
    }
}

#[test]
fn workgroups_stay_within_webgpus_default_limits() {
    for kernel in catalogue() {
        let what = format!("{}/{}", kernel.shader.name, kernel.entry);
        let (module, info) = parsed(kernel.shader);
        let index = module.entry_points.iter().position(|entry| entry.name == kernel.entry).unwrap();
        let [x, y, z] = module.entry_points[index].workgroup_size;
        assert!(x * y * z <= 256, "{what}: {x} x {y} x {z} invocations");
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).unwrap();
        let used = info.get_entry_point(index);
        let bytes: u32 = module
            .global_variables
            .iter()
            .filter(|(handle, global)| global.space == AddressSpace::WorkGroup && !used[*handle].is_empty())
            .map(|(_, global)| layouter[global.ty].size)
            .sum();
        // A device for products of matrices must have twice as much.
        let allowed = if is_of_matrices(kernel.shader) { 32 * 1024 } else { 16 * 1024 };
        assert!(bytes <= allowed, "{what}: {bytes} bytes of workgroup memory");
        let storage = kernel.bindings.iter().filter(|(_, a)| !matches!(a, Access::Uniform | Access::Step)).count();
        assert!(storage <= 8, "{what}: {storage} storage buffers");
    }
}

#[test]
fn every_entry_point_translates_to_spirv_msl_and_hlsl() {
    for kernel in catalogue() {
        let what = format!("{}/{}", kernel.shader.name, kernel.entry);
        let (module, info) = parsed(kernel.shader);
        let stage = naga::ShaderStage::Compute;
        let declared = module.overrides.iter().any(|(_, constant)| constant.name.as_deref() == Some("ALIGNED"));
        let overrides = if declared { vec![vec![1.0], vec![0.0]] } else { vec![vec![]] };
        for values in overrides {
            let constants = values.into_iter().map(|value| ("ALIGNED".to_string(), value)).collect();
            let (module, info) = process_overrides(&module, &info, Some((stage, kernel.entry)), &constants)
                .unwrap_or_else(|e| panic!("{what}: {e}"));
            let entry = naga::back::spv::PipelineOptions { shader_stage: stage, entry_point: kernel.entry.into() };
            // Subgroups came with SPIR-V 1.3.
            let options = naga::back::spv::Options { lang_version: (1, 3), ..Default::default() };
            let words = naga::back::spv::write_vec(&module, &info, &options, Some(&entry));
            assert!(words.unwrap_or_else(|e| panic!("{what}: {e}")).len() > 100, "{what}");
            // The matrices that there are kernels for are those of Vulkan's drivers.
            if is_of_matrices(kernel.shader) {
                continue;
            }

            let options =
                naga::back::msl::Options { lang_version: (2, 1), fake_missing_bindings: true, ..Default::default() };
            let entry = naga::back::msl::PipelineOptions {
                entry_point: Some((stage, kernel.entry.into())),
                ..Default::default()
            };
            naga::back::msl::write_string(&module, &info, &options, &entry).unwrap_or_else(|e| panic!("{what}: {e}"));

            let options = naga::back::hlsl::Options {
                shader_model: naga::back::hlsl::ShaderModel::V6_0,
                // Where the number of workgroups comes from, as wgpu sets it on DX12.
                special_constants_binding: Some(naga::back::hlsl::BindTarget { space: 1, ..Default::default() }),
                ..Default::default()
            };
            let entry = naga::back::hlsl::PipelineOptions { entry_point: Some((stage, kernel.entry.into())) };
            let mut text = String::new();
            naga::back::hlsl::Writer::new(&mut text, &options, &entry)
                .write(&module, &info, None)
                .unwrap_or_else(|e| panic!("{what}: {e}"));
        }
    }
}

/// One CaffeNet-sized piece of each large operation: bindings over 128 MiB, grids over 65,535 workgroups.
#[test]
fn large_operations_load_on_a_device_with_webgpus_default_limits() {
    let gpu = Gpu::open(&Choice::Noop).unwrap();
    assert_eq!(gpu.limits().binding_bytes, 128 << 20);
    let mut program = Program::default();
    let real = |program: &mut Program, name: &str, shape| program.tensor(name, Role::Activation, Element::Real, shape);
    let x = ImageDims { n: 128, c: 3, h: 227, w: 227 };
    let conv = conv2d::dims(x, 96, [Window::new(11, 4, 0), Window::new(11, 4, 0)], 1).unwrap();
    let wide = TensorShape::Activation(conv.y());
    let kernel = TensorShape::Kernel { dims: [96, 3, 11, 11], groups: 1 };
    let [x, y, dy] = [TensorShape::Activation(x), wide, wide].map(|shape| real(&mut program, "conv1", shape));
    let [w, dw] = [kernel; 2].map(|shape| real(&mut program, "conv1.weight", shape));
    let normed = real(&mut program, "norm1", wide);
    let b = real(&mut program, "conv1.bias", TensorShape::Channels(96));
    let lrn = lrn::Lrn { size: 5, alpha: 1e-4, beta: 0.75, k: 1.0 }.dims(conv.y()).unwrap();
    let pool = max_pool::MaxPool { kernel_size: [3; 2], stride: [2; 2], padding: [0; 2], ceil_mode: true };
    let pool = pool.dims(conv.y()).unwrap();
    let pooled = real(&mut program, "pool1", TensorShape::Activation(pool.y()));
    let argmax = program.tensor("argmax", Role::Activation, Element::Word, TensorShape::Activation(pool.y()));
    let averages = avg_pool::AvgPool {
        kernel_size: [3; 2],
        stride: [2; 2],
        padding: [0; 2],
        ceil_mode: true,
        count_include_pad: false,
    };
    let averages = averages.dims(conv.y()).unwrap();
    let norm = batch_norm::BatchNorm { eps: 1e-5, momentum: 0.1 }.training_dims(conv.y()).unwrap();
    let channels = TensorShape::Channels(96);
    let [weight, bias, mean, var, batch_mean, batch_var] =
        [channels; 6].map(|shape| real(&mut program, "norm1", shape));
    let [batch, running] =
        [(batch_mean, batch_var), (mean, var)].map(|(mean, var)| batch_norm::Statistics { mean, var });
    let params = batch_norm::Gradients { weight: batch_mean, bias: batch_var, accumulate: true };
    let fc = dense::DenseDims { x: ImageDims { n: 128, c: 256, h: 6, w: 6 }, k: 4096 };
    let [fx, fdx] = [TensorShape::Activation(fc.x); 2].map(|shape| real(&mut program, "fc6.x", shape));
    let [fy, fdy] = [TensorShape::Activation(fc.y()); 2].map(|shape| real(&mut program, "fc6.y", shape));
    let fk = TensorShape::Kernel { dims: [4096, 256, 6, 6], groups: 1 };
    let fb = real(&mut program, "fc6.bias", TensorShape::Channels(4096));
    let [fw, fdw] = [fk; 2].map(|shape| real(&mut program, "fc6.weight", shape));
    program.tapes.push(
        [
            conv2d::Forward { dims: conv, x, w, b: Some(b), y, relu: false }.into(),
            conv2d::BackwardWeight { dims: conv, x, dy, dw: dw.into(), db: b, biased: true, accumulate: false }.into(),
            lrn::Forward { dims: lrn, x: y, y: dy }.into(),
            max_pool::Forward { dims: pool, x: y, y: pooled, argmax }.into(),
            avg_pool::Forward { dims: averages, x: y, y: pooled }.into(),
            avg_pool::Backward { dims: averages, dy: pooled, dx: dy, rectified: Some(y) }.into(),
            batch_norm::Forward {
                dims: norm,
                x: y,
                weight,
                bias,
                batch,
                running,
                plus: Some(dy),
                y: normed,
                relu: true,
            }
            .into(),
            batch_norm::Backward {
                dims: norm,
                x: y,
                weight,
                batch: running,
                dy: normed,
                params,
                dx: Some(dy),
                rectified: true,
            }
            .into(),
            batch_norm::ForwardEvaluation {
                dims: norm,
                x: y,
                weight,
                bias,
                running,
                plus: Some(dy),
                y: normed,
                relu: false,
            }
            .into(),
            batch_norm::BackwardEvaluation {
                dims: norm,
                x: y,
                weight,
                running,
                dy: normed,
                params: Some(params),
                dx: Some(dy),
                rectified: false,
            }
            .into(),
            dense::Forward { dims: fc, x: fx, w: fw, b: None, y: fy, relu: false }.into(),
            dense::BackwardInput { dims: fc, w: fw, dy: fdy, dx: fdx, rectified: None }.into(),
            dense::BackwardWeight { dims: fc, x: fx, dy: fdy, dw: fdw.into(), db: fb, accumulate: false }.into(),
        ]
        .into_iter()
        .map(|op| Entry { layer: "large".into(), op })
        .collect(),
    );
    Executor::load(&Device::Gpu(gpu), Arc::new(program)).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn every_net_of_the_zoo_loads_within_webgpus_default_limits() {
    // CaffeNet at the paper's batch of 256: conv1's output has 297 MB, fc6's weights 151 MB.
    for (name, batch) in [("caffenet", 256), ("alexnet", 128), ("alexnet32", 128), ("alexnet28", 64), ("resnet20", 128)]
    {
        let def = zoo::net(name, 1000).unwrap();
        let [_, h, w] = def.input;
        let options =
            BuildOptions { input: Input::Images { stored: [h + 4, w + 4], padding: 0 }, ..BuildOptions::of(batch) };
        let net = Net::build(&def, options).unwrap();
        let gpu = Gpu::open(&Choice::Noop).unwrap();
        Executor::load(&Device::Gpu(gpu), net.program).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}
