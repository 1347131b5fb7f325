//! From a text to what it names, with the first thing that is wrong with it.

use minijinja::{
    machinery::{
        Span,
        ast::{CallArg, Expr, Stmt},
        parse as parse_jinja,
    },
    syntax::SyntaxConfig,
};

use super::{
    TemplateFault,
    field::{Field, field_names},
    render::{FILTERS, TESTS},
};
use crate::limits::TEMPLATE_TAGS_MAX;

pub(super) fn parse(source: &str) -> Result<Stmt<'_>, TemplateFault> {
    // First, so that neither what follows nor what it makes is nested deeper than this.
    let tags = source.matches("{{").count() + source.matches("{%").count();
    if tags > TEMPLATE_TAGS_MAX {
        let detail = format!("expected at most {TEMPLATE_TAGS_MAX} tags in a text, found {tags}");
        return Err(TemplateFault {
            is_unknown_name: false,
            detail,
        });
    }
    parse_jinja(source, "", SyntaxConfig::default()).map_err(|error| TemplateFault {
        is_unknown_name: false,
        detail: format!(
            "{}, line {}; to have {{{{, {{% or {{# in a text, put it between {{% raw %}} and {{% endraw %}}",
            error.detail().unwrap_or("the text is no template"),
            error.line().unwrap_or(1),
        ),
    })
}

/// Looks at every part of a text.
#[derive(Default)]
pub(super) struct Walk<'t> {
    pub(super) fields: Vec<Field>,
    pub(super) words: Vec<(&'t str, bool)>,
    /// In how many branches and loops this part is.
    depth: usize,
    /// The names that the loops around this part give to their items.
    locals: Vec<&'t str>,
}

type Walked = Result<(), TemplateFault>;

fn wrong<T>(span: Span, detail: &str) -> Result<T, TemplateFault> {
    Err(TemplateFault {
        is_unknown_name: false,
        detail: format!("{detail}, line {}", span.start_line),
    })
}

fn unknown<T>(span: Span, what: &str, name: &str, known: &str) -> Result<T, TemplateFault> {
    Err(TemplateFault {
        is_unknown_name: true,
        detail: format!(
            "there is no {what} {name}, line {}; there are {known}",
            span.start_line
        ),
    })
}

impl<'t> Walk<'t> {
    pub(super) fn statements(&mut self, statements: &[Stmt<'t>]) -> Walked {
        statements.iter().try_for_each(|one| self.statement(one))
    }

    fn statement(&mut self, statement: &Stmt<'t>) -> Walked {
        const TAGS: &str =
            "expected {{ a field }}, {% if %}, {% for %} or {% raw %}; there are no other tags";
        match statement {
            Stmt::EmitRaw(raw) => {
                self.words.push((raw.raw, self.depth == 0));
                Ok(())
            }
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr)?;
                self.depth += 1;
                self.statements(&condition.true_body)?;
                self.statements(&condition.false_body)?;
                self.depth -= 1;
                Ok(())
            }
            Stmt::ForLoop(each) => {
                let Expr::Var(item) = &each.target else {
                    return wrong(each.span(), "expected one name for the items of a loop");
                };
                if each.recursive {
                    return wrong(each.span(), "a loop cannot call itself");
                }
                self.expression(&each.iter)?;
                self.depth += 1;
                self.locals.extend([item.id, "loop"]);
                each.filter_expr
                    .iter()
                    .try_for_each(|it| self.expression(it))?;
                self.statements(&each.body)?;
                self.locals.truncate(self.locals.len() - 2);
                self.statements(&each.else_body)?;
                self.depth -= 1;
                Ok(())
            }
            Stmt::Template(other) => wrong(other.span(), TAGS),
            Stmt::WithBlock(other) => wrong(other.span(), TAGS),
            Stmt::Set(other) => wrong(other.span(), TAGS),
            Stmt::SetBlock(other) => wrong(other.span(), TAGS),
            Stmt::AutoEscape(other) => wrong(other.span(), TAGS),
            Stmt::FilterBlock(other) => wrong(other.span(), TAGS),
            Stmt::Do(other) => wrong(other.span(), TAGS),
        }
    }

    fn expression(&mut self, expression: &Expr<'t>) -> Walked {
        match expression {
            Expr::Const(_) => Ok(()),
            Expr::Var(_) | Expr::GetAttr(_) => self.named(expression),
            Expr::GetItem(item) => match &item.subscript_expr {
                Expr::Const(at) if at.value.as_str().is_some() => self.named(expression),
                at => {
                    self.expression(&item.expr)?;
                    self.expression(at)
                }
            },
            Expr::Slice(slice) => {
                self.expression(&slice.expr)?;
                let ends = [&slice.start, &slice.stop, &slice.step];
                ends.into_iter()
                    .flatten()
                    .try_for_each(|it| self.expression(it))
            }
            Expr::UnaryOp(it) => self.expression(&it.expr),
            Expr::BinOp(it) => {
                self.expression(&it.left)?;
                self.expression(&it.right)
            }
            Expr::Compare(it) => {
                self.expression(&it.expr)?;
                it.ops.iter().try_for_each(|op| self.expression(&op.expr))
            }
            Expr::IfExpr(it) => {
                self.expression(&it.test_expr)?;
                self.expression(&it.true_expr)?;
                it.false_expr.iter().try_for_each(|it| self.expression(it))
            }
            Expr::Filter(filter) => {
                if !FILTERS.contains(&filter.name) {
                    return unknown(filter.span(), "filter", filter.name, &FILTERS.join(", "));
                }
                filter.expr.iter().try_for_each(|it| self.expression(it))?;
                self.arguments(&filter.args, filter.span())
            }
            Expr::Test(test) => {
                if !TESTS.contains(&test.name) {
                    return unknown(test.span(), "test", test.name, &TESTS.join(", "));
                }
                self.expression(&test.expr)?;
                self.arguments(&test.args, test.span())
            }
            Expr::List(list) => list.items.iter().try_for_each(|it| self.expression(it)),
            Expr::Tuple(tuple) => tuple.items.iter().try_for_each(|it| self.expression(it)),
            Expr::Map(map) => wrong(map.span(), "expected a field, a text, a number or a list"),
            Expr::Call(call) => wrong(
                call.span(),
                "there are no functions: write {{ user.name | upper }} for what a filter does",
            ),
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'t>], span: Span) -> Walked {
        arguments.iter().try_for_each(|argument| match argument {
            CallArg::Pos(it) | CallArg::Kwarg(_, it) => self.expression(it),
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                wrong(span, "expected arguments one by one")
            }
        })
    }

    /// A field by its path, or what a loop named.
    fn named(&mut self, expression: &Expr<'t>) -> Walked {
        let mut path = Vec::new();
        let mut at = expression;
        let root = loop {
            match at {
                Expr::Var(var) => break var.id,
                Expr::GetAttr(get) => {
                    path.push(get.name.to_owned());
                    at = &get.expr;
                }
                Expr::GetItem(get) => {
                    let Expr::Const(name) = &get.subscript_expr else {
                        return wrong(expression.span(), "expected a field");
                    };
                    path.push(name.value.as_str().unwrap_or_default().to_owned());
                    at = &get.expr;
                }
                other => return wrong(other.span(), "only a field has a name behind a dot"),
            }
        };
        if self.locals.contains(&root) {
            return Ok(());
        }
        path.push(root.to_owned());
        path.reverse();
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let Some(field) = Field::at(&names) else {
            return unknown(expression.span(), "field", &names.join("."), &field_names());
        };
        if !self.fields.contains(&field) {
            self.fields.push(field);
        }
        Ok(())
    }
}
