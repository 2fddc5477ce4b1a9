import java.net.URI;

/** Prints what a URL gives. */
public class Get {
    public static void main(String[] arguments) throws Exception {
        try (var body = new URI(arguments[0]).toURL().openStream()) {
            System.out.println(new String(body.readAllBytes()));
        }
    }
}
