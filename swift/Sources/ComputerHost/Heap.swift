import CComputer

/// Bytes in use by the allocator of C, which is the library's too.
public func heapInUse() -> Int {
    Int(mallinfo2().uordblks)
}
