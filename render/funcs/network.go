package funcs

import (
	"strings"

	"github.com/hashicorp/go-sockaddr/template"
)

func networkTable() []Func {
	return []Func{
		{"sockaddr", "Network", "words ...", "The result of an expression of go-sockaddr about the addresses of this machine; see https://pkg.go.dev/github.com/hashicorp/go-sockaddr/template. The words are joined with spaces.",
			`{{ sockaddr "GetPrivateIP" }}`, ``, sockaddr},
	}
}

func sockaddr(words ...string) (string, error) {
	return template.Parse("{{ " + strings.Join(words, " ") + " }}")
}
