package vault

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"concierge/secrets"
)

// wrappedToken takes the token out of the JSON document that describes a
// wrapped one: Vault Agent writes it when its sink wraps. Other text is a token
// itself, but for white space around it.
func wrappedToken(raw secrets.Text) secrets.Text {
	var info struct {
		Token string `json:"token"`
	}
	if json.Unmarshal([]byte(raw.Reveal()), &info) != nil {
		info.Token = raw.Reveal()
	}
	return secrets.NewText(strings.TrimSpace(info.Token))
}

const unwrapHint = "it was unwrapped before or has expired: unless that was you, treat it as stolen and look in the audit log of Vault for who did it; " +
	"then give secrets.vault.token a new one, or leave out unwrap_token if it is not a wrapping token"

// unpack takes the real token out of a response-wrapping token, which Vault
// allows once.
func (i *identity) unpack(ctx context.Context, wrapping secrets.Text) (*token, error) {
	const what = "unwrapping the token"
	answer, err := as(i.client, wrapping).Logical().UnwrapWithContext(ctx, "")
	if err != nil {
		return nil, i.hints.of(unwrapHint).explain(what, err)
	}
	auth, err := tokenOf(answer)
	if err != nil {
		return nil, &refusal{fmt.Errorf("%s: %w; wrap one with `vault token create -wrap-ttl=5m`", what, err)}
	}
	i.log.Info("token unwrapped", "accessor", auth.Accessor)
	// How long it lives is asked: it was made when the wrapping was.
	return newToken(secrets.NewText(auth.ClientToken), nil), nil
}
