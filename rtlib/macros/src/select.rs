//! `select!`: from its arms to one expression.
//!
//! Each channel is borrowed once, in order. For the arms an array is built (`Arm`, no allocation), and one call chooses. A `match` on the chosen index ends the operation and goes on with the body, which
//! so is in no closure: `break` and `?` work. The names in the expansion are invisible to the user's code (mixed-site hygiene).

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Pat, Path, Token, parenthesized, token};

/// What follows the arrow of an operation.
struct Operation {
    channel: Expr,
    /// For a send.
    message: Option<Expr>,
    pattern: Pat,
    body: Expr,
}

/// What to do when nothing happens.
struct Otherwise {
    timeout: Option<Expr>,
    body: Expr,
}

/// A whole `select!`.
pub struct Arms {
    krate: Path,
    biased: bool,
    operations: Vec<Operation>,
    otherwise: Option<Otherwise>,
}

const EXPECTED: &str = "expected `recv(receiver) -> pattern => body`, `send(sender, message) -> pattern => body` or `default => body`";

impl Parse for Arms {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let order: Ident = input.parse()?;
        input.parse::<Token![,]>()?;
        let krate;
        parenthesized!(krate in input);
        let mut arms = Self {
            krate: krate.call(Path::parse_mod_style)?,
            biased: order == "biased",
            operations: Vec::new(),
            otherwise: None,
        };
        input.parse::<Token![,]>()?;
        while !input.is_empty() {
            arms.parse_arm(input)?;
        }
        Ok(arms)
    }
}

impl Arms {
    fn parse_arm(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let kind = keyword(input)?;
        match kind.to_string().as_str() {
            "recv" => self.operations.push(operation(input, false)?),
            "send" => self.operations.push(operation(input, true)?),
            "default" if self.otherwise.is_some() => {
                return Err(syn::Error::new(
                    kind.span(),
                    "a second `default`: a `select!` has at most one",
                ));
            }
            "default" => self.otherwise = Some(otherwise(input)?),
            _ => return Err(syn::Error::new(kind.span(), EXPECTED)),
        }
        Ok(())
    }

    /// The expression.
    pub fn expand(&self) -> TokenStream {
        let Self {
            krate, operations, ..
        } = self;
        let site = Span::mixed_site();
        let private = quote_spanned!(site=> #krate::__private::v1);
        let Some(patience) = self.patience(&private) else {
            return quote_spanned!(site=> #private::nothing());
        };
        let biased = self.biased;
        let channels: Vec<_> = operations.iter().map(|it| &it.channel).collect();
        let name = |what: &str, n: usize| format_ident!("{what}{n}", span = site);
        let names: Vec<Ident> = (0..operations.len()).map(|n| name("channel", n)).collect();
        let mut setup = Vec::new();
        let mut arms = Vec::new();
        let mut branches = Vec::new();
        for (n, (operation, channel)) in operations.iter().zip(&names).enumerate() {
            let Operation {
                message,
                pattern,
                body,
                ..
            } = operation;
            // A channel of the wrong kind is to be shown where it is written.
            let mut given = channel.clone();
            given.set_span(site.located_at(operation.channel.span()));
            let end = if let Some(message) = message {
                setup.push(quote_spanned!(site=> let #channel: &#private::Sender<_> = #given;));
                arms.push(quote_spanned!(site=> #private::Arm::send(#channel)));
                quote_spanned!(site=> arms[#n].claim(#channel).send(#message))
            } else {
                let slot = name("slot", n);
                setup.push(quote_spanned!(site=> let #channel: &#private::Receiver<_> = #given;));
                setup.push(quote_spanned!(site=> let mut #slot = #private::Slot::uninit();));
                arms.push(quote_spanned!(site=> #private::Arm::recv(#channel, &mut #slot)));
                quote_spanned!(site=> arms[#n].received(#channel))
            };
            let body = without_advice(body);
            let pattern = irrefutable(pattern);
            branches.push(quote_spanned! {site=>
                #private::core::option::Option::Some(#n) => {
                    let #pattern = #end;
                    #body
                }
            });
        }
        let rest = self.otherwise.as_ref().map_or_else(
            || {
                quote_spanned!(site=> #private::core::unreachable!(
                    "a select without a default ended without an arm"
                ))
            },
            |otherwise| without_advice(&otherwise.body),
        );
        quote_spanned! {site=>
            match (#(&(#channels),)*) {
                (#(#names,)*) => {
                    #(#setup)*
                    let mut arms = [#(#arms),*];
                    match #private::choose(&mut arms, #patience, #biased) {
                        #(#branches)*
                        _ => { #rest }
                    }
                }
            }
        }
    }

    /// How long to wait; `None`: nothing is waited for, and that for ever.
    fn patience(&self, private: &TokenStream) -> Option<TokenStream> {
        match &self.otherwise {
            None if self.operations.is_empty() => None,
            None => Some(quote!(#private::Patience::Endless)),
            Some(Otherwise { timeout: None, .. }) => Some(quote!(#private::Patience::None)),
            Some(Otherwise {
                timeout: Some(timeout),
                ..
            }) => Some(quote!(#private::Patience::For(#timeout))),
        }
    }
}

/// The body. Its braces, if it is a block, are the macro's as far as lints can tell: in the expansion it stands where a block needs none (`unused_braces`), in the `select!` it does.
fn without_advice(body: &Expr) -> TokenStream {
    let tokens = body.to_token_stream();
    if !matches!(body, Expr::Block(block) if block.label.is_none() && block.attrs.is_empty()) {
        return tokens;
    }
    let of_the_macro = |mut braces: TokenTree| {
        braces.set_span(Span::mixed_site().located_at(braces.span()));
        braces
    };
    tokens.into_iter().map(of_the_macro).collect()
}

/// The pattern as `let` has it: alternatives in parentheses.
fn irrefutable(pattern: &Pat) -> TokenStream {
    match pattern {
        Pat::Or(alternatives) => quote!((#alternatives)),
        other => other.to_token_stream(),
    }
}

/// `recv`, `send` or `default`, the last of which is a keyword to syn.
fn keyword(input: ParseStream<'_>) -> syn::Result<Ident> {
    input
        .call(syn::ext::IdentExt::parse_any)
        .map_err(|error| syn::Error::new(error.span(), EXPECTED))
}

fn operation(input: ParseStream<'_>, is_send: bool) -> syn::Result<Operation> {
    let content;
    parenthesized!(content in input);
    let channel = content.parse()?;
    let mut message = None;
    if is_send {
        content.parse::<Token![,]>()?;
        message = Some(content.parse()?);
    }
    end_of_arguments(&content)?;
    input.parse::<Token![->]>()?;
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    Ok(Operation {
        channel,
        message,
        pattern,
        body: body(input)?,
    })
}

fn otherwise(input: ParseStream<'_>) -> syn::Result<Otherwise> {
    let mut timeout = None;
    if input.peek(token::Paren) {
        let content;
        parenthesized!(content in input);
        if !content.is_empty() {
            timeout = Some(content.parse()?);
        }
        end_of_arguments(&content)?;
    }
    Ok(Otherwise {
        timeout,
        body: body(input)?,
    })
}

fn end_of_arguments(content: ParseStream<'_>) -> syn::Result<()> {
    content.parse::<Option<Token![,]>>()?;
    if content.is_empty() {
        Ok(())
    } else {
        Err(content.error("unexpected argument"))
    }
}

/// `=> body`. As in a `match`, a block needs no comma behind it.
fn body(input: ParseStream<'_>) -> syn::Result<Expr> {
    input.parse::<Token![=>]>()?;
    let body = input.call(Expr::parse_with_earlier_boundary_rule)?;
    let comma: Option<Token![,]> = input.parse()?;
    if comma.is_none() && !input.is_empty() && !is_block_like(&body) {
        return Err(input.error("expected `,` between the arms"));
    }
    Ok(body)
}

fn is_block_like(body: &Expr) -> bool {
    matches!(
        body,
        Expr::Block(_)
            | Expr::If(_)
            | Expr::Match(_)
            | Expr::Unsafe(_)
            | Expr::While(_)
            | Expr::Loop(_)
            | Expr::ForLoop(_)
    )
}
