from connector.domain.disposition import disposition


def test_a_file_name_breaks_out_of_no_header() -> None:
    assert disposition("") == ""
    said = disposition('Zoé "x"\r\nSet-Cookie: a\\%.mp3')
    assert "\r" not in said
    assert "\n" not in said
    assert said.count('"') == 2
    assert said.endswith("filename*=UTF-8''Zo%C3%A9%20%22x%22%0D%0ASet-Cookie%3A%20a%5C%25.mp3")
