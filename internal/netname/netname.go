// Package netname names the ends of connections as they were dialed.
//
// It imports nothing of this module.
package netname

// Name is the address that was dialed, as a net.Addr.
type Name string

// Network implements net.Addr.
func (Name) Network() string { return "tcp" }

// String implements net.Addr.
func (n Name) String() string { return string(n) }
