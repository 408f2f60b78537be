import CComputer

/// Something that OpenSSL refused: bytes that it doesn't know, or a seal that isn't whole.
struct CryptoFailure: Error {}

private func succeed(_ code: Int32) throws {
    guard code == 1 else { throw CryptoFailure() }
}

/// A P-256 key that signs.
final class SigningKey {
    private let key: OpaquePointer

    /// A new one.
    init() throws {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { throw CryptoFailure() }
        defer { EVP_PKEY_CTX_free(context) }
        var made: OpaquePointer?
        try succeed(EVP_PKEY_keygen_init(context))
        try succeed(EVP_PKEY_CTX_set_group_name(context, "prime256v1"))
        try succeed(EVP_PKEY_generate(context, &made))
        guard let made else { throw CryptoFailure() }
        key = made
    }

    /// One that was kept as DER.
    init(der: [UInt8]) throws {
        let read = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var at = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &at, bytes.count)
        }
        guard let read else { throw CryptoFailure() }
        key = read
    }

    deinit { EVP_PKEY_free(key) }

    /// To be kept.
    func der() throws -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        let length = i2d_PrivateKey(key, &bytes)
        guard length > 0, let bytes else { throw CryptoFailure() }
        defer { CRYPTO_free(bytes, #file, 0) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(length)))
    }

    /// The public half: `04 ‖ x ‖ y`.
    func point() throws -> [UInt8] {
        var point = [UInt8](repeating: 0, count: 65)
        var length = 0
        try succeed(EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", &point, point.count, &length))
        guard length == point.count, point[0] == 4 else { throw CryptoFailure() }
        return point
    }

    /// ECDSA with SHA-256, DER.
    func sign(_ message: [UInt8]) throws -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw CryptoFailure() }
        defer { EVP_MD_CTX_free(context) }
        try succeed(EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key))
        var length = 0
        try succeed(EVP_DigestSign(context, nil, &length, message, message.count))
        var signature = [UInt8](repeating: 0, count: length)
        try succeed(EVP_DigestSign(context, &signature, &length, message, message.count))
        return Array(signature.prefix(length))
    }
}

/// AES-256-GCM, the nonce in front and the tag behind; what it is for goes into the tag.
struct Seal {
    private static let (nonceLength, tagLength) = (12, 16)
    let key: [UInt8]
    let purpose: [UInt8]

    func seal(_ plain: [UInt8]) throws -> [UInt8] {
        let nonce = random(Self.nonceLength)
        var tag = [UInt8](repeating: 0, count: Self.tagLength)
        let sealed = try run(1, nonce, plain, after: { context in
            try succeed(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag))
        })
        return nonce + sealed + tag
    }

    func open(_ sealed: [UInt8]) throws -> [UInt8] {
        guard sealed.count >= Self.nonceLength + Self.tagLength else { throw CryptoFailure() }
        let nonce = Array(sealed.prefix(Self.nonceLength))
        var tag = Array(sealed.suffix(Self.tagLength))
        let body = Array(sealed.dropFirst(Self.nonceLength).dropLast(Self.tagLength))
        return try run(0, nonce, body, before: { context in
            try succeed(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag))
        })
    }

    private func run(
        _ encrypt: Int32, _ nonce: [UInt8], _ bytes: [UInt8],
        before: (OpaquePointer) throws -> Void = { _ in },
        after: (OpaquePointer) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        guard key.count == 32, let context = EVP_CIPHER_CTX_new() else { throw CryptoFailure() }
        defer { EVP_CIPHER_CTX_free(context) }
        var length: Int32 = 0
        var out = [UInt8](repeating: 0, count: bytes.count + Self.tagLength)
        try succeed(EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, encrypt))
        try succeed(EVP_CipherUpdate(context, nil, &length, purpose, Int32(purpose.count)))
        try succeed(EVP_CipherUpdate(context, &out, &length, bytes, Int32(bytes.count)))
        try before(context)
        var rest = [UInt8](repeating: 0, count: Self.tagLength)
        var more: Int32 = 0
        try succeed(EVP_CipherFinal_ex(context, &rest, &more))
        try after(context)
        return Array(out.prefix(Int(length)))
    }
}

func hmac(key: [UInt8], _ message: [UInt8]) throws -> [UInt8] {
    var tag = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    guard HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &tag, &length) != nil, length == 32 else {
        throw CryptoFailure()
    }
    return tag
}

func random(_ count: Int) -> [UInt8] {
    var system = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &system) }
}
