//! The list of tensors in the pickle of a `PyTorch` checkpoint.
//!
//! A pickle is a program. candle's unpickler runs it without calling anything: what Python would call stays a name
//! with its arguments. But a program can also be written to exhaust memory and stack: by strings of a
//! length that is declared and not there, by doubling what was remembered, by nesting without end. So its steps
//! are taken one by one, and what lies on top of its stack is weighed after each.

use std::collections::BTreeMap;

use candle_core::pickle::{Object, Stack};

use crate::nn::{ModelError, Result};

/// Steps plus parts of all objects that were built: a checkpoint of ours or of the paper needs some ten thousand.
const MOST_WORK: usize = 2_000_000;

/// Objects within objects; a tensor in a dictionary in a dictionary lies seven deep.
const MOST_DEPTH: usize = 64;

/// Key of the tensors in a checkpoint of `PyTorch` Lightning.
const STATE: &str = "state_dict";

/// A tensor as a view of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// Name of the storage's class, such as `FloatStorage`.
    pub(super) kind: String,
    /// Name of the storage in the zip.
    pub(super) storage: String,
    /// Where the view begins, in numbers.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    /// Numbers from one index to the next, for each axis.
    pub(super) stride: Vec<usize>,
}

/// The tensors under `state_dict`, or those of the dictionary itself where it has none.
pub(super) fn views(pickle: &[u8]) -> Result<BTreeMap<String, View>> {
    let Object::Dict(mut entries) = unpickle(pickle)? else {
        return Err(damaged("expected a dictionary of tensors"));
    };
    let state = entries
        .iter()
        .position(|(key, _)| matches!(key, Object::Unicode(key) if key == STATE));
    if let Some(at) = state {
        let Object::Dict(state) = entries.swap_remove(at).1 else {
            return Err(damaged("`state_dict` is no dictionary"));
        };
        entries = state;
    }
    let mut views = BTreeMap::new();
    for (key, value) in entries {
        let Object::Unicode(name) = key else { continue };
        let Some(view) = view(value) else { continue };
        if views.insert(name.clone(), view).is_some() {
            return Err(damaged(&format!("tensor `{name}` is there twice")));
        }
    }
    if views.is_empty() {
        return Err(damaged(
            "it holds no tensors, neither under `state_dict` nor at its top",
        ));
    }
    Ok(views)
}

/// Runs the program within its limits.
fn unpickle(mut program: &[u8]) -> Result<Object> {
    let candle = |error: candle_core::Error| damaged(&error.to_string());
    let mut stack = Stack::empty();
    let mut work = MOST_WORK;
    loop {
        check_next(program)?;
        if stack.read(&mut program).map_err(candle)? {
            return stack.finalize().map_err(candle);
        }
        spend(&mut work, 1)?;
        if let Some(top) = stack.stack().last() {
            weigh(top, MOST_DEPTH, &mut work)?;
        }
    }
}

/// Looks at the next step where candle would believe a length.
fn check_next(program: &[u8]) -> Result<()> {
    match *program {
        // A text, behind its length.
        [b'X', a, b, c, d, ref rest @ ..] => {
            let length = u32::from_le_bytes([a, b, c, d]);
            if length as usize > rest.len() {
                return Err(damaged(&format!(
                    "a text of {length} bytes is declared where {} are left",
                    rest.len()
                )));
            }
        }
        // A whole number, behind the count of its bytes.
        [0x8a, count, ..] if count > 8 => {
            return Err(damaged(&format!("a number of {count} bytes is no size")));
        }
        _ => {}
    }
    Ok(())
}

/// Counts the parts of an object.
fn weigh(object: &Object, depth: usize, work: &mut usize) -> Result<()> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(damaged(&format!(
            "its objects are nested more than {MOST_DEPTH} deep"
        )));
    };
    spend(work, 1)?;
    match object {
        Object::Unicode(text) => spend(work, text.len() / 64),
        Object::Tuple(parts) | Object::List(parts) => {
            parts.iter().try_for_each(|part| weigh(part, depth, work))
        }
        Object::Dict(entries) => entries.iter().try_for_each(|(key, value)| {
            weigh(key, depth, work)?;
            weigh(value, depth, work)
        }),
        Object::Reduce { callable, args } | Object::Build { callable, args } => {
            weigh(callable, depth, work)?;
            weigh(args, depth, work)
        }
        Object::PersistentLoad(id) => weigh(id, depth, work),
        _ => Ok(()),
    }
}

fn spend(work: &mut usize, parts: usize) -> Result<()> {
    match work.checked_sub(parts) {
        Some(left) => {
            *work = left;
            Ok(())
        }
        None => Err(damaged(&format!(
            "building it takes more than {MOST_WORK} steps, which no network needs"
        ))),
    }
}

/// A tensor, or `None` for anything else.
fn view(value: Object) -> Option<View> {
    let (function, mut args) = call(value)?;
    match function.as_str() {
        "_rebuild_tensor_v2" => {}
        // A parameter is a tensor with its settings.
        "_rebuild_parameter" if !args.is_empty() => {
            let (function, of) = call(args.swap_remove(0))?;
            if function != "_rebuild_tensor_v2" {
                return None;
            }
            args = of;
        }
        _ => return None,
    }
    // Storage, offset, shape, stride, and what only gradients need.
    args.truncate(4);
    let [storage, offset, shape, stride] = <[Object; 4]>::try_from(args).ok()?;
    let Object::PersistentLoad(storage) = storage else {
        return None;
    };
    let Object::Tuple(storage) = *storage else {
        return None;
    };
    let [_, Object::Class { class_name, .. }, Object::Unicode(key), ..] = storage.as_slice() else {
        return None;
    };
    let view = View {
        kind: class_name.clone(),
        storage: key.clone(),
        offset: size(&offset)?,
        shape: sizes(shape)?,
        stride: sizes(stride)?,
    };
    (view.shape.len() == view.stride.len()).then_some(view)
}

/// A call that Python would make of a function of `torch._utils`: its name and arguments.
fn call(value: Object) -> Option<(String, Vec<Object>)> {
    let Object::Reduce { callable, args } = value else {
        return None;
    };
    match (*callable, *args) {
        (
            Object::Class {
                module_name,
                class_name,
            },
            Object::Tuple(args),
        ) if module_name == "torch._utils" => Some((class_name, args)),
        _ => None,
    }
}

fn sizes(value: Object) -> Option<Vec<usize>> {
    match value {
        Object::Tuple(values) => values.iter().map(size).collect(),
        _ => None,
    }
}

fn size(value: &Object) -> Option<usize> {
    match *value {
        Object::Int(value) => value.try_into().ok(),
        Object::Long(value) => value.try_into().ok(),
        _ => None,
    }
}

fn damaged(reason: &str) -> ModelError {
    ModelError::PyTorch(reason.to_owned())
}
