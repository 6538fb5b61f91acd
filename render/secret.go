package render

import (
	"errors"

	"concierge/sources"
)

func secretFunctions() []bound {
	const group = "Secrets and files"
	return []bound{
		{doc(group, "secret", "path", "A secret with its Data. The template waits until it exists. For version 2 of Vault's key-value engine the user's data is in .Data.data.",
			`{{ with secret "secret/app" }}{{ .Data.data.password }}{{ end }}`), sources.Secret, func(t *Template) any { return t.secret }},
		{doc(group, "secretExists", "path", "Reports whether a secret exists, without waiting for it.",
			`{{ if secretExists "secret/app" }}...{{ end }}`), sources.Secret, func(t *Template) any { return t.secretExists }},
		{doc(group, "secrets", "path", "The sorted names below a path.",
			`{{ range secrets "secret/apps" }}{{ . }}{{ end }}`), sources.SecretList, func(t *Template) any { return t.secrets }},
		{doc(group, "file", "path", "The contents of a local file, followed as it changes. The template waits until it exists.",
			`{{ file "/etc/machine-id" }}`), sources.File, func(t *Template) any { return t.file }},
	}
}

var errSecretWrite = errors.New("secret with more than one argument is a write, which is not supported yet")

func (t *Template) secret(offset int, args ...string) (*sources.SecretData, error) {
	if len(args) > 1 {
		return nil, hint(errSecretWrite, "read the secret with its path alone and write it with another program")
	}
	if err := arity("secret", args, 1); err != nil {
		return nil, err
	}
	q, err := t.options.Sources.Query(sources.Secret, args[0])
	if err != nil {
		return nil, err
	}
	return t.run.secret(q, offset), nil
}

func (r *run) secret(q sources.Query, offset int) *sources.SecretData {
	v, ok := r.ask(q, offset)
	if !ok {
		return nil
	}
	if own, again := r.private[q]; again {
		return own
	}
	data, ok := v.Data.(*sources.SecretData)
	if !ok || data == nil || !v.Exists {
		r.lack(q, offset, true)
		return nil
	}
	r.private[q] = private(data)
	return r.private[q]
}

func (t *Template) secretExists(offset int, args ...string) (bool, error) {
	if err := arity("secretExists", args, 1); err != nil {
		return false, err
	}
	q, err := t.options.Sources.Query(sources.Secret, args[0])
	if err != nil {
		return false, err
	}
	v, ok := t.run.ask(q, offset)
	return ok && v.Exists, nil
}

func (t *Template) secrets(offset int, args ...string) ([]string, error) {
	if err := arity("secrets", args, 1); err != nil || args[0] == "" {
		return nil, err
	}
	q, err := t.options.Sources.Query(sources.SecretList, args[0])
	if err != nil {
		return nil, err
	}
	v, _ := t.run.ask(q, offset)
	names, _ := v.Data.(sources.Names)
	return append([]string(nil), names...), nil
}

func (t *Template) file(offset int, args ...string) (string, error) {
	if err := arity("file", args, 1); err != nil || args[0] == "" {
		return "", err
	}
	q, err := t.options.Sources.Query(sources.File, args[0])
	if err != nil {
		return "", err
	}
	return t.run.text(q, offset), nil
}
