//! Small rooms: every source file opens with a header and stays within the sizes below.
//!
//! A function is measured from its `fn` to its closing brace, also inside a macro call
//! (`proptest! { ... }`), where only the tokens can be read.

use crate::tree::{self, File};
use crate::{Finding, assert_none};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const COLUMNS_MAX: usize = 100;

/// Breaches in one Rust file.
pub(crate) fn check(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !file.text.starts_with("//!") {
        findings.push(Finding::new(&file.path, 1, "the file opens with no `//!` header"));
    }
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        let what = format!("{lines} lines, at most {FILE_LINES_MAX}");
        findings.push(Finding::new(&file.path, lines, what));
    }
    for (index, line) in file.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS_MAX {
            let what = format!("{columns} columns, at most {COLUMNS_MAX}");
            findings.push(Finding::new(&file.path, index + 1, what));
        }
    }
    match functions(&file.text) {
        Ok(functions) => {
            findings.extend(functions.iter().filter_map(|function| function.finding(&file.path)));
        }
        Err(error) => findings.push(unreadable(file, &error)),
    }
    findings
}

/// A file that syn cannot read hides its functions and imports, so it is a finding itself.
pub(crate) fn unreadable(file: &File, error: &syn::Error) -> Finding {
    let what = format!("cannot be parsed: {error}");
    Finding::new(&file.path, error.span().start().line, what)
}

struct Function {
    name: String,
    first: usize,
    last: usize,
}

impl Function {
    fn finding(&self, path: &str) -> Option<Finding> {
        let lines = self.last + 1 - self.first;
        (lines > FUNCTION_LINES_MAX).then(|| {
            let what = format!("fn {}: {lines} lines, at most {FUNCTION_LINES_MAX}", self.name);
            Finding::new(path, self.first, what)
        })
    }
}

fn functions(text: &str) -> syn::Result<Vec<Function>> {
    let mut collect = Collect { functions: Vec::new() };
    collect.visit_file(&syn::parse_file(text)?);
    Ok(collect.functions)
}

struct Collect {
    functions: Vec<Function>,
}

impl Collect {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        self.functions.push(Function {
            name: signature.ident.to_string(),
            first: signature.fn_token.span.start().line,
            last: block.brace_token.span.close().end().line,
        });
    }

    /// Finds `fn NAME ... { ... }` among the tokens of a macro call.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut open: Option<(String, usize)> = None;
        let mut after_fn: Option<usize> = None;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if ident == "fn" => {
                    after_fn = Some(ident.span().start().line);
                }
                TokenTree::Ident(ident) => {
                    if let Some(first) = after_fn.take() {
                        open = Some((ident.to_string(), first));
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => open = None,
                TokenTree::Group(group) => {
                    if group.delimiter() == Delimiter::Brace
                        && let Some((name, first)) = open.take()
                    {
                        let last = group.span_close().end().line;
                        self.functions.push(Function { name, first, last });
                    }
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Collect {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.add(&node.sig, &node.block);
        visit::visit_item_fn(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.add(&node.sig, &node.block);
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(block) = &node.default {
            self.add(&node.sig, block);
        }
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        self.tokens(node.tokens.clone());
    }
}

#[test]
fn every_source_file_has_a_header_and_stays_small() {
    let files = tree::files().unwrap();
    let sources: Vec<&File> = files.iter().filter(|file| file.is_rust()).collect();
    assert!(sources.len() > 5, "the walk found only {} Rust files", sources.len());
    let measured: usize =
        sources.iter().filter_map(|f| functions(&f.text).ok()).map(|f| f.len()).sum();
    assert!(measured > 10, "only {measured} functions were measured");
    let findings: Vec<Finding> = sources.iter().flat_map(|file| check(file)).collect();
    assert_none("small rooms", &findings);
}

#[cfg(test)]
fn whats(text: &str) -> Vec<String> {
    check(&File::made_up("src/bad.rs", text)).iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_without_header_too_long_or_too_wide_is_caught() {
    assert_eq!(whats("fn f() {}\n"), ["src/bad.rs:1: the file opens with no `//!` header"]);
    assert_eq!(whats(&format!("//! h\n{}", "\n".repeat(399))), Vec::<String>::new());
    let long = whats(&format!("//! h\n{}", "\n".repeat(400)));
    assert_eq!(long, ["src/bad.rs:401: 401 lines, at most 400"]);
    let wide = whats(&format!("//! h\n// {}\n", "é".repeat(98)));
    assert_eq!(wide, ["src/bad.rs:2: 101 columns, at most 100"]);
    assert_eq!(whats(&format!("//! h\n// {}\n", "é".repeat(97))), Vec::<String>::new());
    assert!(
        whats("//! h\nfn f( {\n").first().is_some_and(|what| what.contains("cannot be parsed"))
    );
}

#[test]
fn a_long_function_is_caught_wherever_it_stands() {
    let body = "\n".repeat(70);
    let places = [
        format!("//! h\nfn slow() {{{body}}}\n"),
        format!("//! h\nimpl X {{ fn slow(&self) {{{body}}} }}\n"),
        format!("//! h\ntrait X {{ fn slow(&self) {{{body}}} }}\n"),
        format!("//! h\nfn f() {{ fn slow() {{{body}}} slow() }}\n"),
        format!("//! h\nproptest! {{ fn slow(x in 0..1u8) {{{body}}} }}\n"),
    ];
    for text in places {
        let found = whats(&text);
        assert!(found.iter().any(|what| what.contains("fn slow: 71 lines")), "{found:?} in {text}");
    }
    let just_right = format!("//! h\nfn fits() {{{}}}\n", "\n".repeat(69));
    assert_eq!(whats(&just_right), Vec::<String>::new());
}
