//! Imports point one way:
//!
//! ```text
//! main -> cli -> app -> ingest -> pipeline -> frame | route | rewrite -> (spanyard_wire)
//!                app -> export -> queue <- pipeline
//! ```
//! Foundations may be used by everyone and use no stage; of `config` only `config::plan` may be
//! used outside of cli, app and config itself. Read from the syntax of each file under `src/`
//! (paths, use trees, tokens of macro calls; `self` and `super` are resolved), without what is
//! compiled under `#[cfg(test)]`: a stage's tests may use what they like.

use crate::tree::{self, File};
use crate::{Finding, assert_none};
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// Rooms that everyone may use. They use each other and no stage.
const FOUNDATIONS: [&str; 7] = ["actions", "buf", "config", "telemetry", "runtime", "tls", "units"];

/// Rooms that may see all of `config`, not only the plan.
const READERS_OF_CONFIG: [&str; 4] = ["main", "cli", "app", "config"];

/// (room, the stages it may use). A room that has no row here may not exist.
const STAGES: [(&str, &[&str]); 13] = [
    ("lib", &[]),
    ("main", &["cli", "app"]),
    ("cli", &["app", "explain", "export"]),
    ("explain", &["route", "rewrite"]),
    ("app", &["ingest", "pipeline", "frame", "route", "rewrite", "queue", "export", "admin"]),
    ("admin", &[]),
    ("ingest", &["pipeline", "frame"]),
    ("pipeline", &["route", "rewrite", "queue"]),
    ("frame", &[]),
    ("route", &[]),
    ("rewrite", &[]),
    ("export", &["queue"]),
    ("queue", &[]),
];

/// A path that starts at the root of the crate, such as `crate::queue::Ring`.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    segments: Vec<String>,
    line: usize,
}

/// Breaches in the files under `src/` (the wire crate apart: its manifest keeps it below).
pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut read = Vec::new();
    for file in files.iter().filter(|file| is_ours(&file.path)) {
        match Reader::read(file) {
            Ok(reader) => read.push((file, reader)),
            Err(error) => findings.push(crate::shape::unreadable(file, &error)),
        }
    }
    let for_tests: Vec<&Vec<String>> =
        read.iter().flat_map(|(_, reader)| &reader.test_modules).collect();
    for (file, reader) in &read {
        let module = module_of(&file.path);
        if for_tests.iter().any(|prefix| module.starts_with(prefix)) {
            continue;
        }
        let room = room_of(&file.path);
        if allowed(&room).is_none() {
            let what = format!("{room} has no row in the table of tests/tidy/imports.rs");
            findings.push(Finding::new(&file.path, 1, what));
        }
        for import in &reader.imports {
            findings.extend(
                judge(&room, import).map(|what| Finding::new(&file.path, import.line, what)),
            );
        }
    }
    findings
}

fn is_ours(path: &str) -> bool {
    path.starts_with("src/") && path.ends_with(".rs") && !path.starts_with("src/wire/")
}

/// What is wrong with an import, if anything.
fn judge(room: &str, import: &Import) -> Option<String> {
    let target = import.segments.first()?.as_str();
    let stages = allowed(room).unwrap_or_default();
    if target == "config" && !READERS_OF_CONFIG.contains(&room) {
        let next = import.segments.get(1).map_or("", String::as_str);
        return (next != "plan")
            .then(|| format!("{room} uses config::{next}: only config::plan may be used here"));
    }
    if target == room || FOUNDATIONS.contains(&target) || stages.contains(&target) {
        return None;
    }
    if allowed(target).is_none() {
        return Some(format!("{room} uses crate::{target}, which is no room of the table"));
    }
    let may = if stages.is_empty() { "no stage".to_owned() } else { stages.join(", ") };
    Some(format!("{room} uses {target}: of the stages it may use {may}"))
}

/// The stages a room may use; `None` for a name that is no room.
fn allowed(room: &str) -> Option<&'static [&'static str]> {
    if FOUNDATIONS.contains(&room) {
        return Some(&[]);
    }
    STAGES.iter().find(|(name, _)| *name == room).map(|(_, stages)| *stages)
}

/// `src/a/b.rs` -> `[a, b]`, `src/a/mod.rs` -> `[a]`, `src/lib.rs` -> `[]`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut segments: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if matches!(segments.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        let _last = segments.pop();
    }
    segments
}

fn room_of(path: &str) -> String {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    inside.split('/').next().unwrap_or_default().to_owned()
}

/// Walks one file and collects its imports and its modules that are compiled for tests only.
struct Reader {
    module: Vec<String>,
    is_main: bool,
    imports: Vec<Import>,
    test_modules: Vec<Vec<String>>,
}

impl Reader {
    fn read(file: &File) -> syn::Result<Self> {
        let mut reader = Self {
            module: module_of(&file.path),
            is_main: file.path == "src/main.rs",
            imports: Vec::new(),
            test_modules: Vec::new(),
        };
        reader.visit_file(&syn::parse_file(&file.text)?);
        Ok(reader)
    }

    /// Keeps a path if it starts at the root, after `self` and `super` have been resolved.
    fn keep(&mut self, path: &[String], line: usize) {
        let Some((first, mut rest)) = path.split_first() else {
            return;
        };
        let mut segments = match first.as_str() {
            "crate" => Vec::new(),
            "spanyard" if self.is_main => Vec::new(),
            "self" => self.module.clone(),
            "super" => {
                let mut module = self.module.clone();
                let _innermost = module.pop();
                while let Some((next, after)) = rest.split_first()
                    && next == "super"
                {
                    let _parent = module.pop();
                    rest = after;
                }
                module
            }
            _ => return,
        };
        segments.extend_from_slice(rest);
        if !segments.is_empty() {
            self.imports.push(Import { segments, line });
        }
    }

    fn tree(&mut self, prefix: &[String], tree: &syn::UseTree, line: usize) {
        let joined = |name: String| -> Vec<String> {
            prefix.iter().cloned().chain(std::iter::once(name)).collect()
        };
        match tree {
            syn::UseTree::Path(path) => {
                self.tree(&joined(path.ident.to_string()), &path.tree, line);
            }
            syn::UseTree::Name(name) if name.ident == "self" => self.keep(prefix, line),
            syn::UseTree::Name(name) => self.keep(&joined(name.ident.to_string()), line),
            syn::UseTree::Rename(name) => self.keep(&joined(name.ident.to_string()), line),
            syn::UseTree::Glob(_) => self.keep(&joined("*".to_owned()), line),
            syn::UseTree::Group(group) => {
                for item in &group.items {
                    self.tree(prefix, item, line);
                }
            }
        }
    }

    /// Finds `a::b::c` among the tokens of a macro call.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut line = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.keep(&path, line);
                        path.clear();
                    }
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => colons = 0,
            }
        }
        self.keep(&path, line);
    }
}

/// `#[cfg(test)]` and `#[cfg(all(test, ...))]`.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        attribute.meta.require_list().is_ok_and(|list| {
            let mut words = list.tokens.clone().into_iter();
            match words.next() {
                Some(TokenTree::Ident(word)) if word == "test" => true,
                Some(TokenTree::Ident(word)) if word == "all" => {
                    matches!(words.next(), Some(TokenTree::Group(group)) if group.stream()
                        .into_iter().any(|t| matches!(t, TokenTree::Ident(i) if i == "test")))
                }
                _ => false,
            }
        })
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        self.module.push(node.ident.to_string());
        if is_for_tests(&node.attrs) {
            self.test_modules.push(self.module.clone());
        } else {
            visit::visit_item_mod(self, node);
        }
        let _this = self.module.pop();
    }

    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        if !is_for_tests(&node.attrs) {
            visit::visit_item_fn(self, node);
        }
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        if !is_for_tests(&node.attrs) {
            visit::visit_item_impl(self, node);
        }
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        if !is_for_tests(&node.attrs) {
            visit::visit_impl_item_fn(self, node);
        }
    }

    fn visit_item_use(&mut self, node: &'ast syn::ItemUse) {
        if !is_for_tests(&node.attrs) {
            let line = node.use_token.span.start().line;
            self.tree(&[], &node.tree, line);
        }
    }

    fn visit_path(&mut self, node: &'ast syn::Path) {
        let segments: Vec<String> = node.segments.iter().map(|s| s.ident.to_string()).collect();
        let line = node.segments.first().map_or(0, |s| s.ident.span().start().line);
        self.keep(&segments, line);
        visit::visit_path(self, node);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        self.visit_path(&node.path);
        self.tokens(node.tokens.clone());
    }
}

#[cfg(test)]
mod tests;
