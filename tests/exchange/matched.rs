//! What is matched, what is refused, and what is said of it.

use super::made::{file, small};
use std::path::Path;
use strata::{
    NetDef,
    exchange::{self, ExchangeError, FileTensor, ForeignFile, Matching, Turns},
    host::Stream,
    nn::{net_file, zoo},
};

fn matching(name: &str, def: &NetDef) -> Matching {
    let path = file(name);
    exchange::fit(&path, &exchange::read(&path).unwrap(), def, Turns::default()).unwrap()
}

fn refused(name: &str, def: &NetDef) -> String {
    matching(name, def).tensors(false, Stream::named).unwrap_err().to_string()
}

#[test]
fn another_number_of_classes_is_refused_and_partly_taken_where_that_is_asked_for() {
    let other = small().with_classes(7).unwrap();
    for name in ["zip.pth", "raw.onnx", "new.caffemodel", "numbered.pth"] {
        let text = refused(name, &other);
        assert!(text.contains("8 of 10 parameters matched") && text.contains("--partial"), "{text}");
        let found = matching(name, &other);
        let missing: Vec<&str> = found.missing().map(|row| row.parameter.as_str()).collect();
        assert_eq!(missing, ["fc8.weight", "fc8.bias"]);
        let tensors = found.tensors(true, Stream::named).unwrap();
        assert_eq!((tensors.len(), tensors["fc8.weight"].0.as_slice()), (10, &[7, 10][..]));
    }
}

#[test]
fn weights_of_another_net_are_refused_with_the_nearest_shipped_one() {
    let lenet = zoo::named("lenet5").unwrap();
    let text = refused("zip.pth", &lenet);
    assert!(text.contains("does not fit the net lenet5") && !text.contains("nearest"), "{text}");
    // A file of lenet5's shapes, for a net that it is not of.
    let own = made_of(&lenet);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lenet.safetensors");
    std::fs::write(&path, own).unwrap();
    let read = exchange::read(&path).unwrap();
    let text = exchange::fit(&path, &read, &zoo::named("alexnet28").unwrap(), Turns::default()).unwrap();
    let text = text.tensors(true, Stream::named).unwrap_err().to_string();
    assert!(text.contains("lenet5 is nearest by shapes (10 of 10 parameters)"), "{text}");
}

fn made_of(def: &NetDef) -> Vec<u8> {
    let net = strata::Net::build(def, strata::BuildOptions::of(1)).unwrap();
    let tensors = net.params.iter().map(|param| {
        let values = net.initial(param, Stream::named);
        (param.name.clone(), (param.shape.clone(), values))
    });
    strata::nn::weights::encode(&tensors.collect(), "").unwrap()
}

#[test]
fn names_that_nobody_knows_are_matched_by_order_and_shape() {
    let path = file("zip.pth");
    let mut read = exchange::read(&path).unwrap();
    for group in &mut read.groups {
        group.name = format!("x{}", group.name.len());
    }
    let matching = exchange::fit(&path, &read, &small(), Turns::default()).unwrap();
    assert_eq!(matching.by, exchange::By::Order);
    assert!(matching.is_whole());
}

/// A file of dense layers of one shape, named as given, each with a weight of its own value.
fn of_equal_layers(names: &[&str]) -> ForeignFile {
    let values = |at: usize| (vec![3, 3], vec![at as f32; 9]);
    let tensors = names.iter().enumerate().map(|(at, name)| (format!("{name}.weight"), values(at)));
    let bytes = strata::nn::weights::encode(&tensors.collect(), "").unwrap();
    exchange::parse(Path::new("x"), bytes).unwrap()
}

/// A net of dense layers of three features each.
fn of_dense_layers(names: &[&str]) -> NetDef {
    let layer = |name: &&str| {
        format!("[[layer]]\nname = {name:?}\ntype = \"dense\"\nout_features = 3\ninit = {{ gaussian = 0.1 }}\n")
    };
    let text = "name = \"equal\"\ninput = [3, 1, 1]\n".to_string() + &names.iter().map(layer).collect::<String>();
    net_file::parse("equal", &text).unwrap()
}

/// The file's tensor of each weight, where one was found.
fn weights(matching: &Matching) -> Vec<Option<&str>> {
    let rows = matching.rows.iter().filter(|row| row.parameter.ends_with(".weight"));
    rows.map(|row| row.tensor.as_ref().map(|(name, _)| name.as_str())).collect()
}

#[test]
fn layers_of_one_shape_are_matched_one_after_the_other_and_each_once() {
    let file = of_equal_layers(&["x", "y", "z"]);
    let fit = |def: &NetDef| exchange::fit(Path::new("x"), &file, def, Turns::default()).unwrap();
    let matching = fit(&of_dense_layers(&["a", "b", "c"]));
    assert_eq!(matching.by, exchange::By::Order);
    assert_eq!(weights(&matching), [Some("x.weight"), Some("y.weight"), Some("z.weight")]);
    // A few equal names are no match by name, half of them is not enough.
    assert_eq!(fit(&of_dense_layers(&["z", "b"])).by, exchange::By::Order);
    let named = fit(&of_dense_layers(&["z", "y", "c"]));
    assert_eq!((named.by, weights(&named)), (exchange::By::Name, vec![Some("z.weight"), Some("y.weight"), None]));
}

#[test]
fn where_safetensors_have_no_order_a_shape_of_two_layers_says_nothing() {
    let file = of_equal_layers(&["x", "y"]);
    let matching = exchange::fit(Path::new("x"), &file, &of_dense_layers(&["a", "b", "c"]), Turns::default()).unwrap();
    assert_eq!(weights(&matching), [None, None, None]);
    let file = of_equal_layers(&["x"]);
    let matching = exchange::fit(Path::new("x"), &file, &of_dense_layers(&["a"]), Turns::default()).unwrap();
    assert_eq!(weights(&matching), [Some("x.weight")]);
}

#[test]
fn a_tensor_without_a_place_is_refused_unless_a_part_is_asked_for() {
    let path = file("own.safetensors");
    let mut read = exchange::read(&path).unwrap();
    let more = FileTensor { name: "fc9.weight".into(), shape: vec![2, 5], ..read.tensors[0].clone() };
    read.tensors.push(FileTensor { values: vec![1.0; 10], ..more });
    let fit = || exchange::fit(&path, &read, &small(), Turns::default()).unwrap();
    let error = fit().tensors(false, Stream::named).unwrap_err().to_string();
    assert!(error.contains("fc9.weight [2, 5] of the file has no place"), "{error}");
    assert_eq!(fit().tensors(true, Stream::named).unwrap().len(), 10);
}

#[test]
fn other_strides_and_other_normalisation_than_the_nets_are_told() {
    let mut def = small();
    for layer in &mut def.layers {
        match &mut layer.kind {
            strata::nn::Kind::Lrn(lrn) => lrn.alpha = 0.1,
            strata::nn::Kind::Conv2d(conv) if layer.name == "conv2" => conv.groups = 1,
            strata::nn::Kind::MaxPool(pool) => pool.padding = [1, 1],
            _ => {}
        }
    }
    for name in ["new.caffemodel", "old.caffemodel", "raw.onnx"] {
        let found = matching(name, &def);
        let notes = found.notes.join("\n");
        assert!(notes.contains("norm1: the file's LRN has size 5, alpha 0.02"), "{notes}");
        assert!(notes.contains("conv2: the file's convolution has") && notes.contains("2 groups"), "{notes}");
        assert!(notes.contains("pool1: the file's pooling has"), "{notes}");
        let row = found.rows.iter().find(|row| row.parameter == "conv2.weight").unwrap();
        assert_eq!(row.turned, ["groups to zeros between them"]);
    }
}

#[test]
fn weights_that_are_not_finite_are_refused_by_name() {
    for bad in [f32::NAN, f32::INFINITY] {
        let path = file("zip.pth");
        let mut read = exchange::read(&path).unwrap();
        read.tensors.iter_mut().find(|tensor| tensor.name == "fc7.weight").unwrap().values[3] = bad;
        let matching = exchange::fit(&path, &read, &small(), Turns::default()).unwrap();
        let error = matching.tensors(true, Stream::named).unwrap_err();
        assert!(
            matches!(&error, ExchangeError::NonFinite { tensor, count: 1, of: 100, .. } if tensor == "fc7.weight"),
            "{error}"
        );
    }
}

#[test]
fn a_checkpoint_of_training_gives_its_state_dict_alone() {
    let read = exchange::read(&file("checkpoint.pth")).unwrap();
    assert!(read.ignored.iter().any(|ignored| ignored.contains("beside the state dict")), "{:?}", read.ignored);
    assert!(matching("checkpoint.pth", &small()).is_whole());
}

#[test]
fn fresh_weights_are_told_from_learned_ones() {
    let path = file("x.safetensors");
    let fresh = exchange::parse(&path, made_of(&zoo::named("alexnet28").unwrap())).unwrap();
    let inspections = exchange::inspect(&fresh);
    assert!(exchange::is_untrained(&inspections), "{inspections:?}");
}
