// Package convert turns configurations of consul-template, Vault Agent, confd,
// ContainerPilot and runners of a Procfile into concierge's own YAML. What
// cannot be carried over, and what was done, is said in comments. Tokens and
// passwords are kept out of the result: a comment stands where they were.
package convert
