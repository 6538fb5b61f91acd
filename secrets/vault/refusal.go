package vault

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/vault/api"

	"concierge/sources"
)

// refusal is an answer of Vault that asking again will not change until an
// operator changes something. Every other error means that Vault is away.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// hints knows what a user can do about an error.
type hints struct {
	address string
	refused string              // what to do about a refusal; default: by its status
	mask    func(string) string // hides what must not be shown of Vault's words; may be nil
}

// of returns hints with the given one for refusals.
func (h hints) of(refused string) hints {
	h.refused = refused
	return h
}

// masking returns hints that hide what mask hides.
func (h hints) masking(mask func(string) string) hints {
	h.mask = mask
	return h
}

// explain classifies an error of the API and says what to do about it.
func (h hints) explain(what string, err error) error {
	answer, answered := errors.AsType[*api.ResponseError](err)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the URL says less than what and address
	}
	if hint := sources.TLSHint(err); hint != "" {
		return fmt.Errorf("%s: vault at %s: %w; %s", what, h.address, err, hint)
	}
	if !answered {
		return fmt.Errorf("%s: vault at %s: %w; is it running there? see secrets.vault.address and VAULT_ADDR", what, h.address, err)
	}
	said := fmt.Sprintf("%d %s", answer.StatusCode, h.said(answer))
	switch code := answer.StatusCode; {
	case code == http.StatusForbidden || code == http.StatusUnauthorized:
		return &refusal{fmt.Errorf("%s: vault at %s: %w: %s; %s", what, h.address, sources.ErrDenied, said,
			cmp.Or(h.refused, "give secrets.vault.token, token_file or VAULT_TOKEN a token whose policy allows it"))}
	case code == http.StatusServiceUnavailable:
		return fmt.Errorf("%s: vault at %s: %s; vault status shows whether it is sealed", what, h.address, said)
	case code >= http.StatusInternalServerError || code == http.StatusTooManyRequests || code == http.StatusPreconditionFailed:
		return fmt.Errorf("%s: vault at %s: %s; vault status shows its state", what, h.address, said)
	}
	return &refusal{fmt.Errorf("%s: vault at %s: %s; %s", what, h.address, said, cmp.Or(h.refused, "check the path and its parameters"))}
}

// said is Vault's message, masked.
func (h hints) said(answer *api.ResponseError) string {
	text := flatten(answer.Errors)
	if h.mask != nil {
		text = h.mask(text)
	}
	return text
}

// refused reports whether err is an answer rather than an outage.
func refused(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}

// flatten makes one line of Vault's messages, which may be lists of their own.
func flatten(messages []string) string {
	var all []string
	for _, m := range messages {
		for line := range strings.Lines(m) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "* ")
			if line != "" && !strings.HasSuffix(line, "occurred:") && !slices.Contains(all, line) {
				all = append(all, line)
			}
		}
	}
	return strings.Join(all, ", ")
}
