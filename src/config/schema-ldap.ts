// SPDX-License-Identifier: Apache-2.0
/**
 * `directory.ldap`: an LDAP server (RFC 4511) as the directory, with the attributes of the historical schema. Every name
 * can be changed; those of a household have no default, as in the historical server (spec filters.md 1).
 */
import { z } from 'zod'
import { duration, rule, size } from './units.ts'

const positive = (byDefault: string) =>
  duration(byDefault).refine((ms) => ms > 0, rule('bad-duration', 'expected a time longer than 0ms'))

const ATTRIBUTE = rule('bad-value', 'expected the name of an attribute, such as mailSieveRuleSource')
/** RFC 4512 §1.4, `descr`. */
const attributeName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/, ATTRIBUTE)
const named = (byDefault: string, what: string) => attributeName.default(byDefault).describe(what)
const url = z
  .string()
  .regex(
    /^ldaps?:\/\/(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?\/?$/,
    rule('bad-value', 'expected ldap://host, ldap://host:port or ldaps://host'),
  )

const attributes = z
  .strictObject({
    uid: named('uid', 'Login name.'),
    mail: named('mail', 'The main address (LDAP_PRIMARY_ADDRESS).'),
    alternateAddress: named('mailAlternateAddress', 'Other addresses (LDAP_ALIAS_ADDRESSES).'),
    equivalentAddress: named('mailEquivalentAddress', 'Other addresses (LDAP_EQUIVALENCE_ADDRESSES).'),
    displayName: named('cn', 'Name of a person (LDAP_PERSONAL_NAME).'),
    userStatus: named('inetUserStatus', 'Status of the account (LDAP_USER_STATUS).'),
    mailUserStatus: named('mailUserStatus', 'Status of its mail (LDAP_USER_MAIL_STATUS).'),
    deliveryOption: named('mailDeliveryOption', 'What becomes of mail: mailbox, forward … (LDAP_DELIVERY_OPTION).'),
    forwardingAddress: named('mailForwardingAddress', 'Where mail is forwarded (LDAP_FORWARDING_ADDRESS).'),
    host: named('mailHost', 'The machine that keeps the mailbox (LDAP_MAILHOST).'),
    quota: named('mailQuota', 'Octets of the mailbox (LDAP_DISK_QUOTA).'),
    messageQuota: named('mailMsgQuota', 'Messages in the mailbox (LDAP_MESSAGE_QUOTA).'),
    filter: named('mailSieveRuleSource', 'Rules of a user or group (LDAP_FILTER).'),
    autoreplyMode: named('mailAutoReplyMode', 'vacation, reply or echo (LDAP_AUTOREPLY_MODE).'),
    autoreplySubject: named('mailAutoReplySubject', 'Subject of automatic replies (LDAP_AUTOREPLY_SUBJECT).'),
    autoreplyText: named('mailAutoReplyText', 'Their text (LDAP_AUTOREPLY_TEXT).'),
    autoreplyTextInternal: named(
      'mailAutoReplyTextInternal',
      'Their text within the domain (LDAP_AUTOREPLY_TEXT_INT).',
    ),
    autoreplyTimeout: named('mailAutoReplyTimeOut', 'Hours between two to one sender (LDAP_AUTOREPLY_TIMEOUT).'),
    vacationStart: named('vacationStartDate', 'Replies begin (LDAP_START_DATE).'),
    vacationEnd: named('vacationEndDate', 'Replies end (LDAP_END_DATE).'),
    parentalControls: attributeName
      .optional()
      .describe('Yes where the head of household has a say; no default (LDAP_PARENTAL_CONTROLS).'),
    filterReference: attributeName
      .optional()
      .describe('DN of the head of household; no default (LDAP_FILTER_REFERENCE).'),
    householdFilter: named('mailSieveRuleSource', 'Rules in the entry of the head (LDAP_HOH_FILTER).'),
    householdOwner: named('mail', 'Address of the head (LDAP_HOH_OWNER).'),
    groupMember: named('mgrpRFC822MailMember', 'Address of a member (LDAP_GROUP_RFC822).'),
    groupDn: named('uniqueMember', 'DN of a member (LDAP_GROUP_DN).'),
    groupUrl: named('memberURL', 'LDAP URL that finds members (LDAP_GROUP_URL2).'),
    groupDeliverTo: named('mgrpDeliverTo', 'LDAP URL that finds members (LDAP_GROUP_URL1).'),
    groupErrorsTo: named('mgrpErrorsTo', 'Who gets the failures (LDAP_ERRORS_TO).'),
    allowedBroadcaster: named('mgrpAllowedBroadcaster', 'Who may post (LDAP_AUTH_URL).'),
    allowedDomain: named('mgrpAllowedDomain', 'Domains that may post (LDAP_AUTH_DOMAIN).'),
    disallowedBroadcaster: named('mgrpDisallowedBroadcaster', 'Who may not post (LDAP_CANT_URL).'),
    disallowedDomain: named('mgrpDisallowedDomain', 'Domains that may not post (LDAP_CANT_DOMAIN).'),
    moderator: named('mgrpModerator', 'Who gets the postings of all others (LDAP_MODERATOR_URL).'),
    domainName: named('sunPreferredDomain', 'Name of a domain (LDAP_DOMAIN_ATTR_CANONICAL).'),
    domainAlias: named('associatedDomain', 'Other names of a domain.'),
    domainBase: named('inetDomainBaseDN', 'Where the users of a domain are (LDAP_DOMAIN_ATTR_BASEDN).'),
    domainStatus: named('inetDomainStatus', 'Status of a domain (LDAP_DOMAIN_ATTR_STATUS).'),
    domainMailStatus: named('mailDomainStatus', 'Status of its mail (LDAP_DOMAIN_ATTR_MAIL_STATUS).'),
    domainFilter: named('mailDomainSieveRuleSource', 'Rules of a domain (LDAP_DOMAIN_ATTR_FILTER).'),
    domainAutoreplyTimeout: named(
      'mailDomainAutoReplyTimeOut',
      'Hours between two replies, where the user has none (LDAP_DOMAIN_ATTR_AUTOREPLY_TIMEOUT).',
    ),
  })
  .describe('Names of attributes. In parentheses the option of the historical server.')

const domains = z
  .strictObject({
    list: z
      .array(z.string())
      .default([])
      .describe('Domains of ours that have no entry; their users are anywhere below `base`.'),
    base: z.string().optional().describe('Where entries of domains are; `base` unless given.'),
    classes: z
      .array(attributeName)
      .default(['inetDomain', 'mailDomain', 'sunManagedOrganization'])
      .describe('Object classes of domains.'),
    form: z
      .enum(['none', 'attributes', 'dc'])
      .default('attributes')
      .describe(
        'attributes: an entry is found by domainName and domainAlias (Schema 2). dc: by its DN, dc=example,dc=org below the base, with domainBase saying where its users are (Schema 1). none: `list` says all.',
      ),
  })
  .describe('Domains.')

export const ldap = z
  .strictObject({
    urls: z
      .array(url)
      .min(1)
      .max(16)
      .describe('Servers with the same content; the first that answers is asked. ldap:// or ldaps://.'),
    startTls: z
      .boolean()
      .default(true)
      .describe('Secure connections to ldap:// servers with StartTLS (RFC 4511 §4.14) before anything is sent.'),
    ca: z.string().optional().describe('File with the certificates to trust, PEM; the system’s unless given.'),
    bindDn: z.string().optional().describe('DN to sign in as; without it, anonymous.'),
    passwordFile: z.string().optional().describe('File with the password of bindDn, in one line.'),
    base: z.string().describe('DN below which users and groups are found.'),
    domains: domains.prefault({}),
    userClasses: z
      .array(attributeName)
      .default(['inetMailUser', 'inetLocalMailRecipient'])
      .describe('Object classes of users: an entry with an address but none of them gets no mail here.'),
    groupClasses: z
      .array(attributeName)
      .default(['inetMailGroup', 'inetManagedGroup'])
      .describe('Object classes of groups.'),
    attributes: attributes.prefault({}),
    connections: z
      .int()
      .min(1)
      .max(64)
      .default(4)
      .describe('Connections of one process for look-ups; as many more for checking passwords.'),
    timeout: positive('5s').describe('Wait for one answer, and for a free connection.'),
    connectTimeout: positive('3s').describe('Wait for a connection with its TLS and sign-in.'),
    retryAfter: positive('5s').describe('A server that failed is left alone for so long.'),
    cacheFound: duration('1m').describe('How long what was found is used without asking again.'),
    cacheAbsent: duration('15s').describe('How long it is remembered that something was not there.'),
    staleWhileAway: duration('1d').describe(
      'How old what was found may be while no server answers; then mail is put off. Passwords are never remembered.',
    ),
    cacheSize: size('32MiB').describe('Memory of one process for what is remembered.'),
    maxAnswer: size('8MiB').describe('A longer answer is cut off and counts as none.'),
    maxMembers: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe('A group with more members gets no mail, not half of them.'),
  })
  .refine((given) => (given.bindDn === undefined) === (given.passwordFile === undefined), {
    ...rule('missing-key', '`bindDn` and `passwordFile` need each other'),
    path: ['bindDn'],
  })
  .describe(
    'An LDAP server as the directory. With it, users, domains and groups come from there and from the alias file; the embedded directory is not asked.',
  )
