package vault

import (
	"crypto/tls"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
)

func FuzzPairsAreFoundInAnyText(f *testing.F) {
	block := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate")}))
	for _, seed := range []string{
		"", block, "x" + block + "y" + block, strings.ReplaceAll(block, "\n", "\n  "), strings.ReplaceAll(block, "\n", `\n`),
		"-----BEGIN ", "-----END ", "-----END -----", "-----BEGIN X----------END ", "-----BEGIN A-----\n-----BEGIN B-----\n-----END B-----",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, p := range pairsIn(text) {
			if _, err := tls.X509KeyPair([]byte(p.certificate), []byte(p.key)); p.key != "" && err != nil {
				t.Errorf("a key that does not match: %v", err)
			}
			if c := p.answer(); c.Cert == "" || !slices.Equal(c.CAChain, p.authorities) {
				t.Errorf("answer %+v", c)
			}
		}
	})
}

func TestBlocksAreFoundOnceAndInOrder(t *testing.T) {
	one := string(pem.EncodeToMemory(&pem.Block{Type: "ONE", Bytes: []byte("1")}))
	two := string(pem.EncodeToMemory(&pem.Block{Type: "TWO", Bytes: []byte("2")}))
	for _, text := range []string{
		one + two, "a" + one + "b" + two + "c", "-----BEGIN NOTHING-----\n" + one + "-----END \n" + two,
		strings.ReplaceAll(one, "\n", "\n\t") + "\r\n" + strings.ReplaceAll(two, "\n", "\r\n"),
		strings.ReplaceAll(one+two, "\n", `\n`),
	} {
		var types []string
		for b := range blocks([]byte(text)) {
			types = append(types, b.Type)
		}
		if !slices.Equal(types, []string{"ONE", "TWO"}) {
			t.Errorf("%q has %v", text, types)
		}
	}
}
