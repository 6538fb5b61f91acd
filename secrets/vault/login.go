package vault

import (
	"context"
	"fmt"

	"github.com/hashicorp/vault/api"
)

// login is a way to get a token from Vault. It is asked again when the token
// can no longer be renewed, so whatever it shows to Vault is read anew each
// time. Calls are never concurrent.
type login interface {
	// login asks once. The client has no token. The answer's Auth is the token.
	login(ctx context.Context, client *api.Client) (*api.Secret, error)
	// hint is what to look at when Vault refuses.
	hint() string
	// String says how concierge logs in, for logs and errors.
	String() string
}

// loginOf returns the way to log in that was configured; nil if a token is
// given. A further method is a further case here.
func loginOf(cfg Config) login {
	switch {
	case !cfg.Token.Empty() || cfg.TokenFile != "":
		return nil
	case cfg.Kubernetes.Role != "":
		return newKubernetesLogin(cfg.Kubernetes)
	}
	return nil
}

// tokenOf is the token in an answer to a login or an unwrapping.
func tokenOf(answer *api.Secret) (*api.SecretAuth, error) {
	if answer == nil || answer.Auth == nil || answer.Auth.ClientToken == "" {
		return nil, fmt.Errorf("the answer holds no token")
	}
	return answer.Auth, nil
}
