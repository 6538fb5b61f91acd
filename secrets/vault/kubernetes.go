package vault

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/vault/api"

	"concierge/secrets"
)

// serviceAccountToken is where Kubernetes mounts the token of a pod's service
// account.
const serviceAccountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token" //nolint:gosec // a path

// Kubernetes is a login with the service account of a pod. It is used when
// Role is set and no token is given.
type Kubernetes struct {
	Role      string       // role of Vault's method
	Token     secrets.Text // the service account's token; wins over TokenFile
	TokenFile string       // read at each login, for Kubernetes rotates it; default the projected one
	Mount     string       // mount of the method; default "kubernetes"
}

// kubernetesLogin logs in with a service account.
type kubernetesLogin struct {
	role  string
	path  string
	token secrets.Credential
}

func newKubernetesLogin(k Kubernetes) kubernetesLogin {
	file := ""
	if k.Token.Empty() {
		file = cmp.Or(k.TokenFile, serviceAccountToken)
	}
	mount := strings.TrimPrefix(strings.Trim(cmp.Or(k.Mount, "kubernetes"), "/"), "auth/")
	return kubernetesLogin{
		role:  k.Role,
		path:  "auth/" + mount + "/login",
		token: secrets.NewCredential(k.Token, file),
	}
}

func (k kubernetesLogin) login(ctx context.Context, client *api.Client) (*api.Secret, error) {
	jwt, err := k.token.Current()
	if err != nil {
		return nil, &refusal{fmt.Errorf("logging in by %s: service account: %w; see secrets.vault.kubernetes.token_file", k, err)}
	}
	return client.Logical().WriteWithContext(ctx, k.path, map[string]any{"role": k.role, "jwt": jwt.Reveal()})
}

func (k kubernetesLogin) hint() string {
	return "see secrets.vault.kubernetes, and the service accounts and namespaces that the role allows"
}

func (k kubernetesLogin) String() string { return "kubernetes role " + k.role + " at " + k.path }
