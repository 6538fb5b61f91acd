package vault

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"iter"
	"maps"
	"slices"
	"strings"

	"concierge/sources"
)

// pair is a certificate with its key, and the authorities found beside it.
type pair struct {
	leaf        *x509.Certificate
	certificate string   // PEM
	key         string   // PEM; "" if it is not known
	authorities []string // PEM, without repetition
}

// answer is the pair as templates see it.
func (p *pair) answer() *sources.Certificate {
	a := &sources.Certificate{Cert: p.certificate, Key: p.key, CAChain: p.authorities}
	if len(p.authorities) > 0 {
		a.CA = p.authorities[0]
	}
	return a
}

// pairsIn finds the pairs in a text that has PEM blocks anywhere in it, last
// one first. A certificate belongs to the last key that matches it. If there
// is no key at all, certificates stand alone: whoever signed a request of
// theirs has the key elsewhere.
func pairsIn(text []byte) []*pair {
	var pairs []*pair
	var keys []*pem.Block
	var authorities []string
	for block := range blocks(text) {
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			keys = append(keys, block)
		case block.Type == "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				continue
			}
			form := string(pem.EncodeToMemory(block))
			if !c.IsCA {
				pairs = append(pairs, &pair{leaf: c, certificate: form})
			} else if !slices.Contains(authorities, form) {
				authorities = append(authorities, form)
			}
		}
	}
	slices.Reverse(keys)
	slices.Reverse(pairs)
	for _, p := range pairs {
		p.authorities = authorities
		p.key = keyOf(p, keys)
	}
	return slices.DeleteFunc(pairs, func(p *pair) bool { return p.key == "" && len(keys) > 0 })
}

// keyOf returns the first key that matches the pair's certificate.
func keyOf(p *pair, keys []*pem.Block) string {
	for _, k := range keys {
		form := pem.EncodeToMemory(k)
		if _, err := tls.X509KeyPair([]byte(p.certificate), form); err == nil {
			return string(form)
		}
	}
	return ""
}

const blockBegin, blockEnd, dashes = "-----BEGIN ", "-----END ", "-----"

// blocks yields the PEM blocks in a text. They may stand in the middle of a
// line, be indented (YAML), or be one line with \n in it (JSON).
func blocks(text []byte) iter.Seq[*pem.Block] {
	return func(yield func(*pem.Block) bool) {
		for {
			before, after, found := bytes.Cut(text, []byte(blockEnd))
			if !found {
				return
			}
			start := bytes.LastIndex(before, []byte(blockBegin))
			tail := bytes.Index(firstLine(after), []byte(dashes))
			if start >= 0 && tail >= 0 {
				end := len(before) + len(blockEnd) + tail + len(dashes)
				if block, _ := pem.Decode(unindented(text[start:end])); block != nil && !yield(block) {
					return
				}
			}
			text = after
		}
	}
}

func firstLine(text []byte) []byte {
	if i := bytes.IndexAny(text, "\n\\"); i >= 0 {
		return text[:i]
	}
	return text
}

// unindented puts each line of a block at its beginning.
func unindented(block []byte) []byte {
	lines := bytes.Split(bytes.ReplaceAll(block, []byte(`\n`), []byte("\n")), []byte("\n"))
	for i, line := range lines {
		lines[i] = bytes.TrimSpace(line)
	}
	return append(bytes.Join(lines, []byte("\n")), '\n')
}

// pemOf joins the texts in the data of an answer, in a fixed order.
func pemOf(data map[string]any) []byte {
	var b bytes.Buffer
	add := func(v any) {
		if s, ok := v.(string); ok {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		add(data[name])
		if list, ok := data[name].([]any); ok && name == "ca_chain" {
			for _, v := range list {
				add(v)
			}
		}
	}
	return b.Bytes()
}

// samePublicKey reports whether two public keys are one.
func samePublicKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
