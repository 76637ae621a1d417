/// The release that this source is.
public enum Release {
    public static let version = "0.2.0"
}
