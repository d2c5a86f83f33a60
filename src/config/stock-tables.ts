// SPDX-License-Identifier: Apache-2.0
/**
 * The mapping tables `postern init` writes: those that the historical system came with (spec access-control.md 6). By
 * themselves they give "no relaying by default": who is outside and not signed in reaches addresses of ours alone.
 */

export const STOCK_TABLES = `\
! Mapping tables: who may connect, and who may send to whom. \`postern check\` reads this file too.
!
! A table is a name in column 1, a blank line, and rows: a pattern, blanks, a template. The first row that matches
! decides. In patterns * is any text, and in templates $0, $1, … are what the wildcards took; $Y says yes and $N no.

! Who is inside: asked with the client's address. Who is inside may send anywhere without signing in. Name the
! networks of your own machines in front of the last row, for example
!   $(192.0.2.0/24)      $Y
!   \${2001:db8:1::/48}   $Y

INTERNAL_IP

  127.0.0.1    $Y
  \${::1/128}   $Y
  *            $N

! Who may connect: TCP|server address|server port|client address|client port.

PORT_ACCESS

  *|*|*|*|*  $C$|INTERNAL_IP;$3|$Y$E
  *          $YEXTERNAL

! Who may send where: source channel|sender|destination channel|recipient, before aliases are expanded.
! tcp_local is the outside, tcp_intranet the inside, tcp_auth who has signed in.

ORIG_SEND_ACCESS

  tcp_local|*|tcp_local|*   $N$D30|Relaying$ not$ allowed
! Mail from anywhere that names an internal channel.
  tcp_*|*|native|*          $N
  tcp_*|*|hold|*            $N
  tcp_*|*|pipe|*            $N
  tcp_*|*|ims-ms|*          $N
`
