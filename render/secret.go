package render

import "concierge/sources"

func secretFunctions() []bound {
	const group = "Secrets and files"
	return []bound{
		{doc(group, "secret", "path [name=value ...]", "A secret with its Data. The template waits until it exists. For version 2 of Vault's key-value engine the user's data is in .Data.data. With further arguments they are written to the path, and the secret is what Vault answers.",
			`{{ with secret "secret/app" }}{{ .Data.data.password }}{{ end }}`), secretAsked, 0, func(t *Template) any { return t.secret }},
		{doc(group, "secretExists", "path", "Reports whether a secret exists, without waiting for it.",
			`{{ if secretExists "secret/app" }}...{{ end }}`), pathAsked(sources.Secret), 1, func(t *Template) any { return t.secretExists }},
		{doc(group, "secrets", "path", "The sorted names below a path.",
			`{{ range secrets "secret/apps" }}{{ . }}{{ end }}`), pathAsked(sources.SecretList), 1, func(t *Template) any { return t.secrets }},
		{doc(group, "pkiCert", "path [name=value ...]", "A certificate issued by Vault, with Cert, Key, CA and CAChain. The one in the template's destination is kept while it is good.",
			`{{ with pkiCert "pki/issue/web" "common_name=web.example" }}{{ .Cert }}{{ .Key }}{{ end }}`), certificateAsked, 0, func(t *Template) any { return t.pkiCert }},
		{doc(group, "file", "path", "The contents of a local file, followed as it changes. The template waits until it exists.",
			`{{ file "/etc/machine-id" }}`), pathAsked(sources.File), 1, func(t *Template) any { return t.file }},
	}
}

// secret gives this run's own copy of a secret, which the template may change.
// A write that nothing answers gives a nil secret and is not waited for.
func (t *Template) secret(offset int, args ...string) (any, error) {
	q, err := secretAsked(&t.options, args)
	if err != nil || q.Kind == 0 {
		return nil, err
	}
	return t.run.secret(q, offset), nil
}

func (r *run) secret(q sources.Query, offset int) any {
	v, ok := r.ask(q, offset)
	if !ok {
		return nil
	}
	if own, again := r.private[q]; again {
		return own
	}
	data, _ := v.Data.(*sources.SecretData)
	if !v.Exists || data == nil && q.Kind != sources.SecretWrite {
		r.lack(q, offset, true)
		return nil
	}
	if r.private == nil {
		r.private = make(map[sources.Query]*sources.SecretData)
	}
	r.private[q] = private(data)
	return r.private[q]
}

func (t *Template) secretExists(offset int, args ...string) (bool, error) {
	if err := arity("secretExists", args, 1); err != nil {
		return false, err
	}
	q, err := t.options.query(sources.Secret, args[0])
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
	q, err := t.options.query(sources.SecretList, args[0])
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
	q, err := t.options.query(sources.File, args[0])
	if err != nil {
		return "", err
	}
	return t.run.text(q, offset), nil
}
