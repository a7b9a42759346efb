#![no_main]

// A decoder that panics is caught where strata calls it, and is no find; libFuzzer's own hook would end the process
// before that. A panic that nobody catches still ends it, at the border to C.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |bytes: &[u8]| strata_fuzz::targets::image(bytes)
);
