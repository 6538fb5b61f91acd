package funcs

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

func encodingTable() []Func {
	const group = "Encodings and digests"
	return []Func{
		{"base64Encode", group, "text", "Encodes text in the padded standard alphabet.",
			`{{ base64Encode "a?b>" }}`, `YT9iPg==`, encode64(base64.StdEncoding)},
		{"base64Decode", group, "text", "Decodes text of the padded standard alphabet.",
			`{{ base64Decode "YT9iPg==" }}`, `a?b>`, decode64(base64.StdEncoding)},
		{"base64URLEncode", group, "text", "Encodes text in the padded alphabet for URLs.",
			`{{ base64URLEncode "a?b>" }}`, `YT9iPg==`, encode64(base64.URLEncoding)},
		{"base64URLDecode", group, "text", "Decodes text of the padded alphabet for URLs.",
			`{{ base64URLDecode "YT9iPg==" }}`, `a?b>`, decode64(base64.URLEncoding)},
		{"sha256Hex", group, "text", "SHA-256 in lower-case hexadecimal digits.",
			`{{ sha256Hex "a" | len }}`, `64`, sha256Hex},
		{"md5sum", group, "text", "MD5 in lower-case hexadecimal digits.",
			`{{ md5sum "a" }}`, `0cc175b9c0f1b6a831c399e269772661`, md5sum},
		{"hmacSHA256Hex", group, "message key", "HMAC with SHA-256 in lower-case hexadecimal digits. The key is last, so what is piped in is the key.",
			`{{ "key" | hmacSHA256Hex "msg" | len }}`, `64`, hmacSHA256Hex},
	}
}

func encode64(e *base64.Encoding) func(string) string {
	return func(text string) string { return e.EncodeToString([]byte(text)) }
}

func decode64(e *base64.Encoding) func(string) (string, error) {
	return func(text string) (string, error) {
		b, err := e.DecodeString(text)
		return string(b), err
	}
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func md5sum(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func hmacSHA256Hex(message, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}
