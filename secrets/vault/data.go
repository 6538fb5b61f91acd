package vault

import (
	"github.com/hashicorp/vault/api"

	"concierge/sources"
)

// secretValue is what a template sees of an answer.
func secretValue(got *api.Secret) sources.Value {
	return sources.Value{Exists: true, Data: secretData(got), Tainted: true}
}

// secretData converts an answer of the API. Numbers stay [json.Number], as the
// API has them, so templates print them as they were written.
func secretData(got *api.Secret) *sources.SecretData {
	d := &sources.SecretData{
		RequestID:     got.RequestID,
		LeaseID:       got.LeaseID,
		LeaseDuration: got.LeaseDuration,
		Renewable:     got.Renewable,
		Data:          got.Data,
		Warnings:      got.Warnings,
	}
	if a := got.Auth; a != nil {
		d.Auth = &sources.SecretAuth{
			ClientToken:   a.ClientToken,
			Accessor:      a.Accessor,
			Policies:      a.Policies,
			Metadata:      a.Metadata,
			LeaseDuration: a.LeaseDuration,
			Renewable:     a.Renewable,
		}
	}
	if i := got.WrapInfo; i != nil {
		d.WrapInfo = &sources.SecretWrapInfo{
			Token:           i.Token,
			TTL:             i.TTL,
			CreationTime:    i.CreationTime,
			WrappedAccessor: i.WrappedAccessor,
		}
	}
	return d
}

// same reports whether two answers are the same but for the number that Vault
// gives each request.
func same(a, b sources.Value) bool {
	x, ok := a.Data.(*sources.SecretData)
	y, both := b.Data.(*sources.SecretData)
	if !ok || !both {
		return a.Equal(b)
	}
	anonymous := *y
	anonymous.RequestID = x.RequestID
	b.Data = &anonymous
	return a.Equal(b)
}
