//! IMPORT GENERATOR and IMPORT ENCODER: files as `PyTorch` writes them give what `PyTorch` computes, and files that are
//! damaged or hostile give an error that says where.
//!
//! `fixtures/README.md` tells where the references come from and how the weights, which are too large to be kept,
//! are computed.

use std::{
    error::Error,
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    process::Command,
};

use helioql::{
    encoder::{self, Encoder},
    generator::{self, Generator},
    nn::{ModelError, WeightsFile},
    patch::Patch,
};
use helioql_tests::Bench;
use serde_json::Value;
use zip::{ZipWriter, write::SimpleFileOptions};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A tensor's name and shape.
type Named = (String, Vec<usize>);

/// Single precision through at most twenty layers, in another order of summation than torch's.
const REFERENCE: f64 = 1e-5;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// `count` numbers between −1 and 1 that a name stands for.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let fnv = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let start = name.bytes().fold(0x811c_9dc5, fnv);
    (0..count as u32).map(move |i| {
        let mut x = start.wrapping_add(i);
        x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
        x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
        x ^= x >> 16;
        f64::from(x) / 2_147_483_648.0 - 1.0
    })
}

/// The computed numbers of a tensor.
fn values(name: &str, shape: &[usize]) -> Vec<f32> {
    let fan_in: usize = shape[1..].iter().product();
    let scale = (6.0 / fan_in as f64).sqrt();
    uniform(name, shape.iter().product())
        .map(|u| {
            let value = if name.ends_with("bias") || name.ends_with("running_mean") {
                u / 10.0
            } else if shape.len() == 1 {
                1.0 + u / 2.0
            } else {
                u * scale
            };
            value as f32
        })
        .collect()
}

/// Computed inputs of unit variance.
fn inputs(name: &str, count: usize) -> Vec<f32> {
    uniform(name, count).map(|u| (u * 3_f64.sqrt()) as f32).collect()
}

/// The tensors of the paper's generator.
fn generator_tensors() -> Vec<Named> {
    let layers: [(&str, &[usize], usize); 4] = [
        ("linear", &[14400, 100], 14400),
        ("deconv_block1", &[64, 64, 3, 3], 64),
        ("deconv_block2", &[64, 32, 3, 3], 32),
        ("deconv_block3", &[32, 1, 3, 3], 1),
    ];
    let of = |(layer, weight, bias): (&str, &[usize], usize)| {
        let name = |part| format!("generator.bl.{layer}.0.{part}");
        [(name("weight"), weight.to_vec()), (name("bias"), vec![bias])]
    };
    layers.into_iter().flat_map(of).collect()
}

/// The tensors of the paper's encoder.
fn encoder_tensors() -> Vec<Named> {
    let mut tensors = Vec::new();
    let mut unit = |conv: String, norm: String, shape: [usize; 4]| {
        tensors.push((format!("{conv}.weight"), shape.to_vec()));
        for part in ["weight", "bias", "running_mean", "running_var"] {
            tensors.push((format!("{norm}.{part}"), vec![shape[0]]));
        }
    };
    unit("backbone.0".into(), "backbone.1".into(), [64, 1, 7, 7]);
    for (layer, (inputs, outputs)) in [(64, 64), (64, 128), (128, 256), (256, 512)]
        .into_iter()
        .enumerate()
    {
        for block in 0..2 {
            let inputs = if block == 0 { inputs } else { outputs };
            let name = |part: &str| format!("backbone.{}.{block}.{part}", layer + 4);
            unit(name("conv1"), name("bn1"), [outputs, inputs, 3, 3]);
            unit(name("conv2"), name("bn2"), [outputs, outputs, 3, 3]);
            if inputs != outputs {
                unit(
                    name("downsample.0"),
                    name("downsample.1"),
                    [outputs, inputs, 1, 1],
                );
            }
        }
    }
    tensors
}

/// A safetensors file: the length of a JSON header, the header, the numbers.
fn safetensors(tensors: &[Named], numbers: impl Fn(&str, &[usize]) -> Vec<f32>) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in tensors {
        let start = data.len();
        data.extend(numbers(name, shape).iter().flat_map(|v| v.to_le_bytes()));
        let about =
            serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, data.len()] });
        header.insert(name.clone(), about);
    }
    let header = Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend(data);
    file
}

/// The file with another text in its header.
fn retyped(file: &[u8], from: &str, to: &str) -> Outcome<Vec<u8>> {
    let (length, rest) = file.split_first_chunk::<8>().ok_or("a file has a header")?;
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header = std::str::from_utf8(header)?;
    assert!(header.contains(from), "{header}");
    let header = header.replace(from, to);
    Ok([&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat())
}

/// Steps of a pickle program.
mod step {
    pub(crate) fn text(text: &str) -> Vec<u8> {
        [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
    }

    pub(crate) fn number(number: usize) -> Vec<u8> {
        [b"J", &(number as u32).to_le_bytes()[..]].concat()
    }

    pub(crate) fn class(module: &str, name: &str) -> Vec<u8> {
        format!("c{module}\n{name}\n").into_bytes()
    }

    pub(crate) fn tuple(parts: &[Vec<u8>]) -> Vec<u8> {
        [b"(".to_vec(), parts.concat(), b"t".to_vec()].concat()
    }

    pub(crate) fn sizes(sizes: &[usize]) -> Vec<u8> {
        tuple(&sizes.iter().map(|&size| number(size)).collect::<Vec<_>>())
    }

    /// A view of a storage.
    pub(crate) fn tensor(kind: &str, key: &str, shape: &[usize], stride: &[usize]) -> Vec<u8> {
        let storage = [
            text("storage"),
            class("torch", kind),
            text(key),
            text("cpu"),
            number(1),
        ];
        let no_hooks = [class("collections", "OrderedDict"), b")R".to_vec()].concat();
        let arguments = [
            [tuple(&storage), b"Q".to_vec()].concat(),
            number(0),
            sizes(shape),
            sizes(stride),
            vec![0x89],
            no_hooks,
        ];
        [
            class("torch._utils", "_rebuild_tensor_v2"),
            tuple(&arguments),
            b"R".to_vec(),
        ]
        .concat()
    }

    /// A program that makes `{'state_dict': {name: tensor, …}}`.
    pub(crate) fn program(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
        let entries: Vec<u8> = entries
            .iter()
            .flat_map(|(name, tensor)| [text(name), tensor.clone()].concat())
            .collect();
        [b"\x80\x02}(", &text("state_dict")[..], b"}(", &entries, b"uu."].concat()
    }
}

/// Row-major strides of a shape.
fn strides(shape: &[usize]) -> Vec<usize> {
    (0..shape.len())
        .map(|axis| shape[axis + 1..].iter().product())
        .collect()
}

/// A zip such as `torch.save` writes.
fn archive(entries: &[(&str, &[u8])]) -> Outcome<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(*name, stored)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A checkpoint with a pickle and storages.
fn checkpoint(pickle: &[u8], storages: &[Vec<f32>]) -> Outcome<Vec<u8>> {
    let bytes: Vec<(String, Vec<u8>)> = storages
        .iter()
        .enumerate()
        .map(|(key, numbers)| {
            let bytes = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
            (format!("model/data/{key}"), bytes)
        })
        .collect();
    let mut entries: Vec<(&str, &[u8])> = vec![("model/data.pkl", pickle), ("model/byteorder", b"little")];
    entries.extend(bytes.iter().map(|(name, bytes)| (&name[..], &bytes[..])));
    archive(&entries)
}

fn import_generator(bytes: Vec<u8>) -> Result<Generator, ModelError> {
    let options = generator::ImportOptions::default();
    Ok(Generator::import(&mut WeightsFile::from_bytes(bytes)?, &options)?.model)
}

/// The computed latents, drawn, as image values in ±1.
fn drawn(generator: &Generator) -> Outcome<Vec<f64>> {
    let z: Vec<Vec<f32>> = inputs("z", 200).chunks(100).map(<[f32]>::to_vec).collect();
    let patches = generator.generate(&z)?;
    let clip = f64::from(generator.config().clip_gauss);
    let gauss = patches.iter().flat_map(Patch::gauss);
    Ok(gauss.map(|&b| f64::from(b) / clip).collect())
}

/// Compares two outputs with a reference, on the scale of its largest number.
fn assert_reference(name: &str, found: &[f64]) -> Outcome {
    let text = fs::read_to_string(fixtures().join("references.json"))?;
    let references: Value = serde_json::from_str(&text)?;
    let list = |part: &str| -> Vec<f64> {
        let numbers = references[name][part].as_array().into_iter().flatten();
        numbers.filter_map(Value::as_f64).collect()
    };
    let (numbers, sums) = (list("numbers"), list("sums"));
    let step = references[name]["step"]
        .as_u64()
        .ok_or("the reference has a step")? as usize;
    assert!(numbers.len() >= 200 && sums.len() == 2, "{name} is whole");
    assert_eq!(found.len().div_ceil(step), numbers.len(), "{name}");
    let scale = numbers.iter().fold(1.0, |scale: f64, v| scale.max(v.abs()));
    for (i, (found, expected)) in found.iter().step_by(step).zip(&numbers).enumerate() {
        assert!(
            (found - expected).abs() <= REFERENCE * scale,
            "{name}, sample {i}: {found}, expected {expected}"
        );
    }
    let half = found.len() / 2;
    for (found, expected) in found.chunks(half).zip(&sums) {
        let sum: f64 = found.iter().sum();
        // Every number within its tolerance.
        assert!(
            (sum - expected).abs() <= REFERENCE * scale * half as f64,
            "{name}: sum {sum}, expected {expected}"
        );
    }
    Ok(())
}

#[test]
fn an_imported_generator_draws_what_torch_draws() -> Outcome {
    let tensors = generator_tensors();
    let generator = import_generator(safetensors(&tensors, values))?;
    assert_eq!(generator.config().cell_mm.to_bits(), 1.54_f64.to_bits());
    let images = drawn(&generator)?;
    assert_reference("generative_interrogator", &images)?;

    // The same weights as a checkpoint, in a file of ours, and without the prefix: the same bits.
    let described = tensors.iter().enumerate().map(|(key, (name, shape))| {
        let view = step::tensor("FloatStorage", &key.to_string(), shape, &strides(shape));
        (name.clone(), view)
    });
    let storages: Vec<_> = tensors.iter().map(|(name, shape)| values(name, shape)).collect();
    let pickle = step::program(&described.collect::<Vec<_>>());
    let again = import_generator(checkpoint(&pickle, &storages)?)?;
    assert_eq!(drawn(&again)?, images);
    assert_eq!(drawn(&import_generator(generator.save()?)?)?, images);
    let bare: Vec<Named> = tensors
        .iter()
        .map(|(name, shape)| (name.replacen("generator.", "", 1), shape.clone()))
        .collect();
    let bare = safetensors(&bare, |name, shape| values(&format!("generator.{name}"), shape));
    assert_eq!(drawn(&import_generator(bare)?)?, images);
    Ok(())
}

#[test]
fn an_imported_encoder_embeds_as_torch_does() -> Outcome {
    let bytes = safetensors(&encoder_tensors(), values);
    assert_encoder(&mut WeightsFile::from_bytes(bytes)?)
}

fn assert_encoder(file: &mut WeightsFile) -> Outcome {
    let imported = Encoder::import(file, &encoder::ImportOptions::default())?;
    let encoder = imported.model;
    assert_eq!((imported.tensors, encoder.dim()), (100, 512));
    let images = inputs("image", 2 * 128 * 128);
    let clip = encoder.config().clip_gauss;
    let patches = images.chunks(128 * 128).map(|image| {
        let gauss = image.iter().map(|x| x.clamp(-1.0, 1.0) * clip).collect();
        Patch::new(encoder.config().grid(), gauss)
    });
    let patches: Vec<Patch> = patches.collect::<Result<_, _>>()?;
    let embeddings = encoder.embed(&patches.iter().collect::<Vec<_>>())?;
    assert_eq!(
        encoder.embed(&[&patches[1]])?[0],
        embeddings[1],
        "the same bits alone"
    );
    let found: Vec<f64> = embeddings.concat().into_iter().map(f64::from).collect();
    assert_reference("simsiam", &found)
}

#[test]
fn a_checkpoint_of_torch_is_read_through_its_strides() -> Outcome {
    let mut file = WeightsFile::open(&fixtures().join("lightning.ckpt"))?;
    let imported = Generator::import(&mut file, &generator::ImportOptions::default())?;
    assert_eq!((imported.tensors, imported.numbers), (8, 1_510_081));
    assert_eq!(imported.ignored, ["discriminator.block2.weight"]);
    assert_reference("lightning.ckpt", &drawn(&imported.model)?)
}

/// The whole checkpoints as torch writes them, where there is a torch.
#[test]
#[expect(
    clippy::print_stderr,
    reason = "a test that could not look at anything says so"
)]
fn whole_checkpoints_of_torch_are_read() -> Outcome {
    let python = std::env::var("HELIOQL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let folder = tempfile::tempdir()?;
    let script = fixtures().join("reference_networks.py");
    let torch = Command::new(&python).args(["-c", "import torch"]).output();
    if !torch.is_ok_and(|torch| torch.status.success()) {
        eprintln!("skipped: `{python}` has no torch; HELIOQL_PYTHON may name one that has");
        return Ok(());
    }
    let made = Command::new(&python)
        .arg(script)
        .arg("--full")
        .arg(folder.path())
        .output()?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let generator = import_generator(fs::read(folder.path().join("generator.ckpt"))?)?;
    assert_reference("generative_interrogator", &drawn(&generator)?)?;
    assert_encoder(&mut WeightsFile::open(&folder.path().join("encoder.ckpt"))?)
}

/// What is wrong with a file that should not be imported.
fn refusal(bytes: Vec<u8>) -> String {
    match import_generator(bytes) {
        Ok(_) => "imported".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_wrong_with_a_file_is_named() -> Outcome {
    let tensors = generator_tensors();
    let with = |change: &dyn Fn(&mut Vec<Named>)| {
        let mut tensors = tensors.clone();
        change(&mut tensors);
        refusal(safetensors(&tensors, values))
    };
    assert_eq!(
        with(&|tensors| drop(tensors.remove(3))),
        "weights lack the tensor `generator.bl.deconv_block1.0.bias` of shape [64]; check that they belong to this \
         configuration"
    );
    assert_eq!(
        with(&|tensors| tensors[2].1 = vec![64, 32, 3, 3]),
        "tensor `generator.bl.deconv_block1.0.weight` should have shape [64, 64, 3, 3], found [64, 32, 3, 3]"
    );
    assert_eq!(
        with(&|tensors| tensors.push(("generator.bl.deconv_block4.0.bias".to_owned(), vec![1]))),
        "the network has no `generator.bl.deconv_block4.0.bias`; the file is of another architecture"
    );
    assert_eq!(
        with(&|tensors| tensors.retain(|(name, _)| name.contains("block3"))),
        "found none of the tensors `generator.map.0.weight`, `map.0.weight`, `generator.bl.linear.0.weight`, \
         `bl.linear.0.weight` by which an architecture is known; the file holds `generator.bl.deconv_block3.0.bias`, \
         `generator.bl.deconv_block3.0.weight`"
    );
    let not_a_number = safetensors(&tensors, |name, shape| {
        let mut numbers = values(name, shape);
        numbers[0] = if name.ends_with("block2.0.bias") {
            f32::NAN
        } else {
            numbers[0]
        };
        numbers
    });
    assert_eq!(
        refusal(not_a_number),
        "tensor `generator.bl.deconv_block2.0.bias` holds values that are not finite; the file is damaged"
    );
    // Half as many numbers of twice the length are as many bytes.
    let mut half = tensors.clone();
    half[1].1 = vec![7200];
    let half = retyped(
        &safetensors(&half, values),
        r#""F32","shape":[7200]"#,
        r#""F16","shape":[14400]"#,
    )?;
    assert_eq!(
        refusal(half),
        "tensor `generator.bl.linear.0.bias` should hold F32 values, found F16"
    );
    let huge = retyped(
        &safetensors(&tensors, values),
        "[14400,100]",
        "[14400000000,100000000]",
    )?;
    assert!(refusal(huge).starts_with("not a readable safetensors file"));
    assert!(refusal([&[0xff; 8][..], b"{}"].concat()).starts_with("not a readable safetensors file"));
    Ok(())
}

#[test]
fn a_cut_file_is_refused_wherever_it_ends() -> Outcome {
    let small = fs::read(fixtures().join("lightning.ckpt"))?;
    let large = safetensors(&generator_tensors(), values);
    for file in [small, large] {
        for part in 0..40 {
            let cut = file[..file.len() * part / 40].to_vec();
            assert_ne!(refusal(cut), "imported", "{part}/40 of {} bytes", file.len());
        }
    }
    Ok(())
}

/// Every byte of the pickle, and every hundredth of the rest, is changed: never is a panic the answer.
#[test]
fn a_changed_byte_does_no_harm() -> Outcome {
    let file = fs::read(fixtures().join("lightning.ckpt"))?;
    let whole = refusal(file.clone());
    assert_eq!(whole, "imported");
    let mut refused = 0;
    for at in (0..file.len()).step_by(97) {
        let mut changed = file.clone();
        changed[at] ^= 0x41;
        refused += usize::from(refusal(changed) != "imported");
    }
    // What lies outside checksums (padding, dates) may change; numbers and descriptions may not.
    assert!(refused > file.len() / 97 / 2, "{refused}");
    Ok(())
}

/// Programs that ask for more than there is, or never end.
#[test]
fn a_hostile_pickle_costs_little() -> Outcome {
    let one = |name: &str, tensor: Vec<u8>| step::program(&[(name.to_owned(), tensor)]);
    let first = "generator.bl.linear.0.weight";
    let shape = [14400, 100];
    let doubling: Vec<u8> = (0..60).flat_map(|_| *b"q\x00h\x00\x86").collect();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (
            b"\x80\x02X\xff\xff\xff\xff".to_vec(),
            "a text of 4294967295 bytes is declared where 0 are left",
        ),
        (b"\x80\x02\x8a\xff".to_vec(), "a number of 255 bytes is no size"),
        (
            [b"\x80\x02K\x01", &doubling[..], b"."].concat(),
            "building it takes more than 2000000 steps",
        ),
        (
            [b"\x80\x02N", &[0x85; 100_000][..], b"."].concat(),
            "nested more than 64 deep",
        ),
        (
            [b"\x80\x02", &[b'N'; 3_000_000][..], b"."].concat(),
            "building it takes more than 2000000 steps",
        ),
        (b"\x80\x02}.".to_vec(), "it holds no tensors"),
        (b"\x80\x02N.".to_vec(), "expected a dictionary of tensors"),
        (
            b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.".to_vec(),
            "expected a dictionary of tensors",
        ),
        (b"\x80\x02u.".to_vec(), "not a readable PyTorch checkpoint"),
        (b"".to_vec(), "not a readable PyTorch checkpoint"),
        (
            one(
                first,
                [step::class("torch._utils", "_rebuild_tensor_v2"), b")R".to_vec()].concat(),
            ),
            "it holds no tensors",
        ),
        (
            one(
                first,
                [step::class("torch._utils", "_rebuild_parameter"), b")R".to_vec()].concat(),
            ),
            "it holds no tensors",
        ),
        (
            one(
                first,
                step::tensor("FloatStorage", "0", &[usize::MAX >> 33, 4000], &[4000, 1]),
            ),
            "should have shape [14400, 100], found [2147483647, 4000]",
        ),
        (
            one(first, step::tensor("FloatStorage", "0", &shape, &[100, 1])),
            "tensor `generator.bl.linear.0.weight` reaches beyond the 3 numbers of `model/data/0`",
        ),
        (
            one(
                first,
                step::tensor("FloatStorage", "0", &shape, &[usize::MAX >> 33, 1]),
            ),
            "reaches beyond the 3 numbers",
        ),
        (
            one(first, step::tensor("FloatStorage", "7", &shape, &[0, 0])),
            "`model/data/7`: ",
        ),
        (
            one(first, step::tensor("DoubleStorage", "0", &shape, &[0, 0])),
            "tensor `generator.bl.linear.0.weight` should hold F32 values, found DoubleStorage",
        ),
        (
            step::program(&[
                (
                    first.to_owned(),
                    step::tensor("FloatStorage", "0", &shape, &[0, 0]),
                ),
                (
                    first.to_owned(),
                    step::tensor("FloatStorage", "0", &shape, &[0, 0]),
                ),
            ]),
            "is there twice",
        ),
    ];
    for (pickle, expected) in cases {
        let found = refusal(checkpoint(&pickle, &[vec![0.1, 0.2, 0.3]])?);
        assert!(found.contains(expected), "{found}, expected {expected}");
    }
    let big = archive(&[("m/data.pkl", b"\x80\x02}."), ("m/byteorder", b"big")])?;
    assert!(refusal(big).contains("expected numbers of byte order `little`, found `big`"));
    let none = archive(&[("m/version", b"3")])?;
    assert!(refusal(none).contains("expected one `data.pkl` in the zip, found 0"));
    assert!(refusal(b"\x80\x02\x8a\x0al\xfc\x9c".to_vec()).contains("before version 1.6"));
    assert!(refusal(vec![0xff; 64]).starts_with("not a readable safetensors file"));
    Ok(())
}

/// Views of a stride of 0 make as many numbers of one as their shapes say.
#[test]
fn a_small_file_of_a_large_network_is_refused() -> Outcome {
    let refused = |tensors: &[(&str, &[usize])]| -> Outcome<String> {
        let entry = |(name, shape): &(&str, &[usize])| {
            let tensor = step::tensor("FloatStorage", "0", shape, &vec![0; shape.len()]);
            ((*name).to_owned(), tensor)
        };
        let pickle = step::program(&tensors.iter().map(entry).collect::<Vec<_>>());
        Ok(refusal(checkpoint(&pickle, &[vec![0.1]])?))
    };
    let mapping: [(&str, &[usize]); 4] = [
        ("map.0.weight", &[4096, 4096]),
        ("map.0.bias", &[4096]),
        ("map.2.weight", &[4096, 4096]),
        ("up.0.weight", &[4096, 1, 4, 4]),
    ];
    let found = refused(&mapping)?;
    let expected = "its tensors repeat numbers to more than 16777216, which no network needs";
    assert!(found.contains(expected), "{found}");
    let names: Vec<String> = (0..8).map(|stage| format!("up.{stage}.weight")).collect();
    let mut tensors: Vec<(&str, &[usize])> =
        names.iter().map(|name| (&name[..], &[1, 1, 4, 4][..])).collect();
    tensors[7].1 = &[4096, 1, 4, 4];
    tensors.push(("map.0.weight", &[1, 1]));
    let found = refused(&tensors)?;
    let expected = "`channels` should be such that an image has at most 4194304 numbers in all its channels, found \
                    4096 of 512 × 512";
    assert!(found.contains(expected), "{found}");
    Ok(())
}

/// The statements: what is imported works wherever a model does, and a refused file leaves nothing behind.
#[test]
fn imported_models_work_in_queries() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (generator, encoder) = (path("g.safetensors"), path("e.safetensors"));
    fs::write(&generator, safetensors(&generator_tensors(), values))?;
    fs::write(&encoder, safetensors(&encoder_tensors(), values))?;
    let bench = Bench::simulated()?;
    let facts = bench.rows(&format!("IMPORT GENERATOR theirs FROM '{generator}'"))?;
    let expected = [
        ["generator", "theirs"],
        ["arch", "generative_interrogator"],
        ["tensors", "8"],
        ["parameters", "1510081"],
        ["ignored tensors", "0"],
    ];
    assert_eq!(
        facts[..5],
        expected.map(|fact| fact.map(ToOwned::to_owned).to_vec())
    );

    bench.rows("CREATE DIRECTIONS FOR GENERATOR theirs (usflux) WITH (samples = 400)")?;
    let flux: f64 = bench
        .value("SELECT usflux FROM GENERATE(seed => 5, generator => 'theirs')")?
        .parse()?;
    let asked = flux * 1.05;
    let met: f64 = bench
        .value(&format!(
            "SELECT usflux FROM GENERATE(usflux => {asked:e}Mx, seed => 7, generator => 'theirs')"
        ))?
        .parse()?;
    assert!((met / asked - 1.0).abs() <= 0.02, "{met:e} for {asked:e}");
    let path = bench.rows(&format!(
        "SELECT usflux FROM STEER((SELECT GENERATE(seed => 5, generator => 'theirs')), usflux => {asked:e}Mx, steps => 3)"
    ))?;
    let end: f64 = path.last().ok_or("a path has steps")?[0].parse()?;
    assert!((end / asked - 1.0).abs() <= 0.02, "{end:e} for {asked:e}");

    bench.rows(&format!(
        "IMPORT ENCODER theirs FROM '{encoder}' WITH (arch = 'simsiam')"
    ))?;
    assert_eq!(
        bench.value("SELECT array_length(EMBED(patch, 'theirs')) FROM sharps LIMIT 1")?,
        "512"
    );
    let nearest = bench.rows(
        "WITH few AS (SELECT harpnum, EMBED(patch, 'theirs') AS embedding FROM sharps WHERE harpnum <= 9000004) \
         SELECT harpnum, _rank, _distance = 0 FROM NEAREST((SELECT EMBED(patch, 'theirs') FROM sharps WHERE \
         harpnum = 9000002 ORDER BY t_rec LIMIT 1), within => few, k => 2)",
    )?;
    assert_eq!(
        nearest[0],
        ["9000002", "1", "true"],
        "a patch is nearest to itself"
    );

    let damaged = folder.path().join("damaged.ckpt");
    fs::write(&damaged, "PK")?;
    let refused = bench.rows(&format!("IMPORT GENERATOR bad FROM '{}'", damaged.display()));
    let message = refused.err().ok_or("the file is no zip")?.to_string();
    assert!(
        message.contains("damaged.ckpt: not a readable PyTorch checkpoint"),
        "{message}"
    );
    assert_eq!(
        bench.value("SELECT count(*) FROM system.generators WHERE name = 'bad'")?,
        "0"
    );
    Ok(())
}
