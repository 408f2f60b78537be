// The service provider itself: node-saml with its defaults, without any web.
//
// In: settings, a base64 SAML response and the request it should answer. Out: what was believed, or why it was refused.
// Never: a response believed that was not asked for, or believed twice.
"use strict";

const { readFileSync } = require("node:fs");
const { SAML, ValidateInResponseTo } = require("@node-saml/node-saml");

/**
 * One application. Its settings are the file that the harness writes: `entity_id`, `acs`, `idp_sso_url`, `idp_cert`
 * (PEM text), `binding` ("redirect" or "post": how requests go), and, where requests are signed, `sp_cert` and `sp_key`
 * (PEM text).
 */
class Provider {
  constructor(settings) {
    this.path = new URL(settings.acs).pathname;
    this.posts = settings.binding === "post";
    this.options = optionsOf(settings);
    this.saml = new SAML(this.options);
  }

  /** What the browser gets, a `location` or the page of a `form`, and the identifier of the request in it. */
  async login(relayState, passive) {
    const cache = this.saml.cacheProvider;
    let requestId;
    const noting = {
      saveAsync(id, value) {
        requestId = id;
        return cache.saveAsync(id, value);
      },
      getAsync: (id) => cache.getAsync(id),
      removeAsync: (id) => cache.removeAsync(id),
    };
    const saml = new SAML({ ...this.options, passive, cacheProvider: noting });
    const begun = this.posts
      ? { form: await saml.getAuthorizeFormAsync(relayState) }
      : { location: await saml.getAuthorizeUrlAsync(relayState, undefined, {}) };
    return { ...begun, requestId };
  }

  /** Says who signed in, or why nobody did: `errors` is empty exactly when the response was believed. */
  async judge(response, requestId, relayState = null) {
    if (!requestId) {
      return refused("unsolicited", "no login was begun here", relayState);
    }
    let profile;
    try {
      ({ profile } = await this.saml.validatePostResponseAsync({ SAMLResponse: response }));
    } catch (error) {
      return refused("invalid_response", error.message, relayState);
    }
    if (!profile) {
      return refused("not_authenticated", "NoPassive", relayState);
    }
    if (profile.inResponseTo !== requestId) {
      return refused("other_request", "this answers another login", relayState);
    }
    const [statement] = profile.getAssertion().Assertion.AuthnStatement;
    return {
      name_id: profile.nameID,
      name_id_format: profile.nameIDFormat,
      authn_context: statement.AuthnContext[0].AuthnContextClassRef[0]._,
      session_index: profile.sessionIndex,
      attributes: profile.attributes ?? {},
      errors: [],
      relay_state: relayState,
    };
  }

  /** Has node-saml wait for the answer to a request that was made elsewhere. */
  async expect(requestId) {
    await this.saml.cacheProvider.saveAsync(requestId, new Date().toISOString());
  }
}

/** node-saml's own defaults but for what each comment says. */
function optionsOf(own) {
  const options = {
    issuer: own.entity_id,
    callbackUrl: own.acs,
    entryPoint: own.idp_sso_url,
    idpCert: own.idp_cert,
    // Off by default, and with it the cache that refuses a response twice.
    validateInResponseTo: ValidateInResponseTo.always,
  };
  if (own.binding === "post") {
    // By default it deflates what it posts too, which the binding does not know.
    options.skipRequestCompression = true;
  }
  if (own.sp_key) {
    options.privateKey = own.sp_key;
    options.publicCert = own.sp_cert;
    // SHA-1 by default.
    options.signatureAlgorithm = "sha256";
    options.digestAlgorithm = "sha256";
  }
  return options;
}

function refused(error, reason, relayState) {
  return { errors: [error], reason, relay_state: relayState };
}

function readSettings(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

module.exports = { Provider, readSettings };
